/** Real gRPC end to end: grpc-js clients over TLS to the proxy, grpc-js servers without TLS behind it. */
import {
  type ChannelCredentials,
  Client,
  credentials,
  Metadata,
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceError,
  type sendUnaryData,
  status,
} from "@grpc/grpc-js";
import { expect, onTestFinished, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { runProxy, service, tlsRoute } from "../support/running-proxy.ts";
import { certificateFor } from "../support/test-certificates.ts";

const text = { serialize: (value: string) => Buffer.from(value), deserialize: (bytes: Buffer) => bytes.toString() };

function method(name: string, requestStream: boolean, responseStream: boolean): MethodDefinition<string, string> {
  return {
    path: `/test.Echo/${name}`,
    requestStream,
    responseStream,
    requestSerialize: text.serialize,
    requestDeserialize: text.deserialize,
    responseSerialize: text.serialize,
    responseDeserialize: text.deserialize,
  };
}

const ECHO = {
  unary: method("Unary", false, false),
  down: method("Down", false, true),
  up: method("Up", true, false),
  both: method("Both", true, true),
};

let cancelled = 0;

const IMPLEMENTATION = {
  unary(call: ServerUnaryCall<string, string>, done: sendUnaryData<string>) {
    if (call.request === "hang") return void call.on("cancelled", () => cancelled++);
    const trailers = new Metadata();
    trailers.set("x-trailer", "behind");
    if (call.request !== "fail") return done(null, `echo ${call.request}`, trailers);
    trailers.set("details-bin", Buffer.from([0, 1, 255]));
    done({ code: status.FAILED_PRECONDITION, details: "not now: caf\u00e9", metadata: trailers });
  },
  down(call: ServerWritableStream<string, string>) {
    for (let index = 0; index < Number(call.request); index++) call.write(String(index));
    call.end();
  },
  up(call: ServerReadableStream<string, string>, done: sendUnaryData<string>) {
    const parts: string[] = [];
    call.on("data", (part: string) => parts.push(part));
    call.on("end", () => done(null, parts.join("+")));
  },
  both(call: ServerDuplexStream<string, string>) {
    call.on("data", (part: string) => call.write(part.toUpperCase()));
    call.on("end", () => call.end());
    call.on("cancelled", () => cancelled++);
    call.on("error", () => undefined);
  },
};

async function startEcho(): Promise<Client> {
  const server = new Server();
  server.addService(ECHO, IMPLEMENTATION);
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  const proxy = await runProxy();
  const certificate = await certificateFor(["a.test"]);
  await proxy.serve(service("app", [port], { targetProtocol: "h2c", tls: tlsRoute() }));
  await proxy.plane.useCertificates({
    certificates: [{ id: "1", chain: certificate.chain, privateKey: certificate.privateKey, names: ["a.test"] }],
    names: [["a.test", "1"]],
    defaultId: "1",
    askable: [],
  });
  const trust: ChannelCredentials = credentials.createSsl(Buffer.from(certificate.ca));
  const client = new Client(`127.0.0.1:${proxy.httpsPort}`, trust, {
    "grpc.ssl_target_name_override": "a.test",
    "grpc.default_authority": "a.test",
  });
  onTestFinished(async () => {
    client.close();
    server.forceShutdown();
    await proxy.stop();
  });
  return client;
}

type Outcome = { value: string | undefined; error: ServiceError | null; trailers: Metadata | undefined };

function unary(client: Client, request: string, deadlineMs = 5_000): Promise<Outcome> {
  return new Promise((resolve) => {
    let outcome: Outcome | undefined;
    let trailers: Metadata | undefined;
    const { path } = ECHO.unary;
    const call = client.makeUnaryRequest(
      path,
      text.serialize,
      text.deserialize,
      request,
      new Metadata(),
      { deadline: Date.now() + deadlineMs },
      (error, value) => {
        outcome = { value, error, trailers };
        setImmediate(() => resolve({ ...(outcome as Outcome), trailers }));
      },
    );
    call.on("status", ({ metadata }) => {
      trailers = metadata;
    });
  });
}

test("unary calls, with trailers", async () => {
  const client = await startEcho();
  for (let index = 0; index < 5; index++) {
    const { value, trailers } = await unary(client, `call ${index}`);
    expect([value, trailers?.get("x-trailer")]).toEqual([`echo call ${index}`, ["behind"]]);
  }
  const large = "x".repeat(3_000_000);
  expect((await unary(client, large)).value).toBe(`echo ${large}`);
});

test("errors come with code, message and binary details", async () => {
  const { error } = await unary(await startEcho(), "fail");
  expect([error?.code, error?.details]).toEqual([status.FAILED_PRECONDITION, "not now: caf\u00e9"]);
  expect(error?.metadata.get("details-bin")).toEqual([Buffer.from([0, 1, 255])]);
});

test("a method that does not exist: a response of trailers only", async () => {
  const client = await startEcho();
  const error = await new Promise<ServiceError | null>((resolve) =>
    client.makeUnaryRequest("/test.Echo/None", text.serialize, text.deserialize, "", (failure) => resolve(failure)),
  );
  expect(error?.code).toBe(status.UNIMPLEMENTED);
});

test("server streaming, client streaming", async () => {
  const client = await startEcho();
  const down = client.makeServerStreamRequest(ECHO.down.path, text.serialize, text.deserialize, "500");
  const seen: string[] = [];
  for await (const part of down) seen.push(part as string);
  expect(seen).toEqual(Array.from({ length: 500 }, (_, index) => String(index)));
  const joined = await new Promise<string | undefined>((resolve, reject) => {
    const up = client.makeClientStreamRequest(ECHO.up.path, text.serialize, text.deserialize, (error, value) =>
      error ? reject(error) : resolve(value),
    );
    for (const part of ["a", "b", "c"]) up.write(part);
    up.end();
  });
  expect(joined).toBe("a+b+c");
});

test("both ways at once: each answer comes before the next question is asked", async () => {
  const client = await startEcho();
  const call = client.makeBidiStreamRequest(ECHO.both.path, text.serialize, text.deserialize);
  const answers: string[] = [];
  call.on("data", (part: string) => answers.push(part));
  const ended = new Promise<number>((resolve) => call.on("status", ({ code }) => resolve(code)));
  for (const [index, word] of ["one", "two", "three"].entries()) {
    call.write(word);
    await eventually(`answer ${index}`, () => answers.length === index + 1);
  }
  call.end();
  expect(await ended).toBe(status.OK);
  expect(answers).toEqual(["ONE", "TWO", "THREE"]);
});

test("deadlines and cancellation reach the server", async () => {
  const client = await startEcho();
  cancelled = 0;
  expect((await unary(client, "hang", 200)).error?.code).toBe(status.DEADLINE_EXCEEDED);
  await eventually("the call is cancelled", () => cancelled === 1);
  const call = client.makeBidiStreamRequest(ECHO.both.path, text.serialize, text.deserialize);
  const ended = new Promise<number>((resolve) => call.on("error", (error) => resolve((error as ServiceError).code)));
  call.on("data", () => call.cancel());
  call.write("go");
  expect(await ended).toBe(status.CANCELLED);
  await eventually("the stream is cancelled", () => cancelled === 2);
  expect((await unary(client, "after")).value).toBe("echo after");
});
