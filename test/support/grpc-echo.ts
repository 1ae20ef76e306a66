/** A gRPC service written by hand, without a schema compiler: messages are UTF-8 texts. And the health service beside it. */
import type { Client, ClientDuplexStream, ServiceDefinition } from "@grpc/grpc-js";

const encode = (text: string): Buffer => Buffer.from(text);
const decode = (bytes: Buffer): string => bytes.toString();

function method(path: string, streams: boolean) {
  return {
    path,
    requestStream: streams,
    responseStream: streams,
    requestSerialize: encode,
    requestDeserialize: decode,
    responseSerialize: encode,
    responseDeserialize: decode,
  };
}

export const ECHO_SERVICE = {
  say: method("/echo.Echo/Say", false),
  chat: method("/echo.Echo/Chat", true),
} satisfies ServiceDefinition;

export const HEALTH_PATH = "/grpc.health.v1.Health/Check";
/** HealthCheckResponse { status: SERVING } */
export const SERVING = String.fromCharCode(0x08, 0x01);
/** An empty request is a message too; an empty text would be taken for none. */
export const HEALTH_SERVICE = {
  check: { ...method(HEALTH_PATH, false), requestDeserialize: () => "everything" },
} satisfies ServiceDefinition;

export function say(client: Client, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const { path, requestSerialize, responseDeserialize } = ECHO_SERVICE.say;
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, text, (error, answer) =>
      error ? reject(error) : resolve(answer ?? ""),
    );
  });
}

/** Sends `texts` one after another, each once the one before was answered, and resolves with the answers and the status. */
export function chat(client: Client, texts: readonly string[]): Promise<{ answers: string[]; status: number }> {
  return new Promise((resolve, reject) => {
    const { path, requestSerialize, responseDeserialize } = ECHO_SERVICE.chat;
    const call: ClientDuplexStream<string, string> = client.makeBidiStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
    );
    const answers: string[] = [];
    call.on("data", (text: string) => {
      answers.push(text);
      const next = texts[answers.length];
      if (next === undefined) call.end();
      else call.write(next);
    });
    call.on("error", reject);
    call.on("status", ({ code }) => resolve({ answers, status: code }));
    call.write(texts[0] ?? "");
  });
}
