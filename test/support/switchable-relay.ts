/** A loopback port in front of another one, which counts connections and can play dead: for authorities that are down. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export type SwitchableRelay = {
  readonly port: number;
  /** Connections that were made to it, relayed or not. */
  readonly connections: number;
  /** While true, connections are reset as soon as they are made; those that exist are as well. */
  down: boolean;
  stop(): Promise<void>;
};

export async function startRelay(toPort: number): Promise<SwitchableRelay> {
  const open = new Set<Socket>();
  let connections = 0;
  let down = false;
  const server = createServer((from) => {
    connections++;
    keep(from);
    if (down) {
      from.resetAndDestroy();
      return;
    }
    const to = connect({ host: "127.0.0.1", port: toPort });
    keep(to);
    from.pipe(to).pipe(from);
    from.on("close", () => to.destroy());
    to.on("close", () => from.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");

  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections;
    },
    get down() {
      return down;
    },
    set down(value) {
      down = value;
      if (down) cut();
    },
    stop: async () => {
      cut();
      server.close();
      await once(server, "close");
    },
  };

  function keep(socket: Socket): void {
    open.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => open.delete(socket));
  }

  function cut(): void {
    for (const socket of open) socket.resetAndDestroy();
  }
}
