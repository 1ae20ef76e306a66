/** What comes in through a forwarded port of a server: channels in, each joined with a connection to a port of this machine. */
import { createConnection, type Socket } from "node:net";
import { type Duplex, Transform } from "node:stream";
import type { ClientChannel } from "ssh2";

export type BackDoor = {
  /** Lets one visitor in, when somebody listens on the port here; else the server turns it away. */
  readonly admit: (accept: () => ClientChannel, reject: () => void) => void;
  /** Ends those that are in. */
  readonly hangUp: () => void;
};

/** `transport` is what the whole SSH connection runs over. */
export function backDoor(localPort: number, transport: Duplex): BackDoor {
  const sockets = new Set<Socket>();
  const admit = (accept: () => ClientChannel, reject: () => void): void => {
    // Half-open: a client that has said all still gets its answer.
    const socket = createConnection({ host: "127.0.0.1", port: localPort, allowHalfOpen: true, noDelay: true });
    sockets.add(socket);
    let joined = false;
    socket.once("connect", () => {
      joined = true;
      join(accept(), socket, transport);
    });
    socket.on("error", () => {});
    socket.once("close", () => {
      sockets.delete(socket);
      if (!joined) reject();
    });
  };
  const hangUp = (): void => {
    // Not an orderly end: what was under way is not to be taken for all there was.
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return { admit, hangUp };
}

function join(channel: ClientChannel, socket: Socket, transport: Duplex): void {
  channel.on("error", () => socket.destroy());
  socket.once("close", () => {
    // After an orderly end the channel may have data to send still, and closes by itself.
    if (!socket.readableEnded || socket.errored !== null) channel.destroy();
  });
  // Comes after everything was read: what the socket has not sent yet, it sends.
  channel.once("close", () => socket.destroySoon());
  channel.pipe(socket);
  socket.pipe(paced(transport)).pipe(channel);
}

/**
 * Hands bytes on when the transport has sent what it was given. Channels take two megabytes each and put them into its queue at
 * once: over a slow line, commands and keepalives would wait behind them for minutes, and the connection be given up.
 */
function paced(transport: Duplex): Transform {
  return new Transform({
    transform(bytes: Buffer, _encoding, done) {
      if (!transport.writableNeedDrain || transport.destroyed) return done(null, bytes);
      const goOn = (): void => {
        transport.off("drain", goOn);
        transport.off("close", goOn);
        done(null, bytes);
      };
      transport.on("drain", goOn);
      transport.on("close", goOn);
    },
  });
}
