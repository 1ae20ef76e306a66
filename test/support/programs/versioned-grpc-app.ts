/** A gRPC server of one version: its calls say it, over HTTP/2 without TLS. Prints its port. Argument: version. */
import {
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type sendUnaryData,
} from "@grpc/grpc-js";
import { ECHO_SERVICE, HEALTH_SERVICE, SERVING } from "../grpc-echo.ts";

const version = process.argv[2] as string;

const server = new Server();
server.addService(ECHO_SERVICE, {
  say(call: ServerUnaryCall<string, string>, done: sendUnaryData<string>): void {
    done(null, `${version}:${call.request}`);
  },
  chat(call: ServerDuplexStream<string, string>): void {
    call.on("data", (text: string) => call.write(`${version}:${text}`));
    call.on("end", () => call.end());
  },
});
server.addService(HEALTH_SERVICE, {
  check: (_call: ServerUnaryCall<string, string>, done: sendUnaryData<string>): void => done(null, SERVING),
});
server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.stdout.write(`${port}\n`);
});
