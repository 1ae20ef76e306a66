/** The builder by itself: made, removed, shown. Source: cli-commands §6. */
import { details } from "../../remote/builder.ts";
import { ensureBuilder, removeBuilder } from "../build/builder.ts";
import { findBuilder } from "../build/tools.ts";
import { inStep, say } from "../in-step.ts";
import { runPreConnectHook } from "../job/run-hook.ts";
import { LOCALHOST } from "../run-command.ts";
import type { Work } from "../work.ts";
import { answer } from "./answers.ts";

const NONE = "This configuration builds without a builder of its own: there is nothing to be done.";

/** One that is there and fits stays. */
export async function createBuilder(work: Work): Promise<void> {
  const kind = await findBuilder(work);
  if (kind.type === "remote" || kind.type === "hybrid") await runPreConnectHook(work);
  if (kind.name === undefined) return say(work, "notice", NONE);
  const made = await ensureBuilder(work, kind);
  if (!made) say(work, "notice", `The builder ${kind.name} is there already.`);
}

/** One that is not there is gone. */
export async function deleteBuilder(work: Work): Promise<void> {
  const kind = await findBuilder(work);
  const { name } = kind;
  if (name === undefined) return say(work, "notice", NONE);
  const was = await inStep(work, `Remove the builder ${name}`, [], () => removeBuilder(work, kind));
  if (!was) say(work, "notice", `There is no builder ${name}.`);
}

export async function showBuilder(work: Work): Promise<void> {
  const kind = await findBuilder(work);
  const line = details(work.config, kind);
  const text = line === undefined ? "" : await answer(work, LOCALHOST, line);
  work.report({
    event: "host-output",
    title: `Builder ${kind.type}`,
    host: LOCALHOST,
    text: work.redactor.redact(text),
  });
}
