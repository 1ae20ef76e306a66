/** What is wrong with a template, and where: at parsing for the person who deploys, at rendering for the log. */

export class TemplateError extends Error {
  /** 1 is the first; 0 when no line is to blame. */
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.name = "TemplateError";
    this.line = line;
  }
}
