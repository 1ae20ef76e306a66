/** An application of test/support/programs in a process of its own, up and listening. */
import { type Child, startChild } from "./child-process.ts";

export type AppProcess = { readonly child: Child; readonly port: number };

/** @param name file name without its ending; such a program prints its port first */
export async function startApp(name: string, ...args: readonly string[]): Promise<AppProcess> {
  const child = startChild(`test/support/programs/${name}.ts`, args);
  return { child, port: Number(await child.line((line) => /^\d+$/.test(line))) };
}
