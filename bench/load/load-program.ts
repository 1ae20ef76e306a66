/** Starts a load program of this folder in its own process and reads the JSON figures that it reports, line by line. */
import { fileURLToPath } from "node:url";
import { Program } from "../process/program.ts";

export interface LoadProgram {
  /** The next reported line, which the program at the other end types; throws when it does not come in time. */
  report: <Figures>(timeoutMs: number) => Promise<Figures>;
  send: (command: string) => void;
  stop: () => Promise<void>;
}

export function startLoad(file: string, args: number[], core: number | undefined): LoadProgram {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const program = new Program(process.execPath, [path, ...args.map(String)], { core });
  return {
    report: async <Figures>(timeoutMs: number) => JSON.parse(await program.nextLine(timeoutMs)) as Figures,
    send: (command) => program.send(command),
    stop: () => program.stop(),
  };
}
