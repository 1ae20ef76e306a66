// Says where it runs. A real app would not tell its secret.
import { createServer } from "node:http";

const { API_TOKEN, KAMAL_VERSION, STAGE } = process.env;

const server = createServer((request, response) => {
  response.end(request.url === "/up" ? "OK\n" : `${STAGE}: version ${KAMAL_VERSION}, with ${API_TOKEN}\n`);
});
server.listen(3000);

// Process 1 of a container ignores signals that it has no handler for.
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => server.close());
