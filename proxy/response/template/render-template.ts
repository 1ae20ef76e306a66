/** A tree and its data → a page, whole or not at all, within its limits. */
import { TEMPLATE_LIMITS } from "../../limits.ts";
import { MarkupPlace } from "./markup-place.ts";
import { TemplateError } from "./template-error.ts";
import type { Command, Operand, Pipeline } from "./template-expression.ts";
import { FUNCTIONS, type TemplateFunction } from "./template-functions.ts";
import type { Node, Template } from "./template-tree.ts";
import { fieldOf, isTrue, type PageData, type Value } from "./template-value.ts";

/** @throws TemplateError for what goes wrong on the way, limits included */
export function renderTemplate(
  templates: ReadonlyMap<string, Template>,
  name: string,
  data: PageData | undefined,
): Buffer {
  const rendering = new Rendering(templates);
  rendering.include(name, data, 0);
  const page = Buffer.from(rendering.text, "utf8");
  if (page.length > TEMPLATE_LIMITS.maxRenderedBytes) throw tooLarge();
  return page;
}

type Variable = { readonly name: string; value: Value };

class Rendering {
  text = "";
  readonly #templates: ReadonlyMap<string, Template>;
  readonly #place = new MarkupPlace();
  #variables: Variable[] = [];
  #depth = 0;
  #steps = 0;

  constructor(templates: ReadonlyMap<string, Template>) {
    this.#templates = templates;
  }

  /** Shows the template called `name`, for which `$` and the dot are `data`. */
  include(name: string, data: Value, line: number): void {
    const template = this.#templates.get(name);
    if (template === undefined) throw new TemplateError(line, `there is no template ${JSON.stringify(name)}`);
    if (++this.#depth > TEMPLATE_LIMITS.maxDepth)
      throw new TemplateError(line, "templates include one another too deeply");
    const variables = this.#variables;
    this.#variables = [{ name: "$", value: data }];
    this.#show(template.nodes, data);
    this.#variables = variables;
    this.#depth--;
  }

  #show(nodes: readonly Node[], dot: Value): void {
    for (const node of nodes) {
      if (++this.#steps > TEMPLATE_LIMITS.maxSteps) throw new TemplateError(0, "the page takes too many steps");
      if (node.kind === "text") this.#addText(node.text);
      else this.#showAction(node, dot);
    }
  }

  #showAction(node: Exclude<Node, { kind: "text" }>, dot: Value): void {
    try {
      if (node.kind === "include") {
        this.include(node.name, node.argument === null ? undefined : this.#pipeline(node.argument, dot), node.line);
      } else if (node.kind === "decision") {
        this.#decide(node, dot);
      } else {
        const value = this.#pipeline(node.pipeline, dot, true);
        if (node.pipeline.sets === null) this.#add(this.#place.show(value));
      }
    } catch (error) {
      if (error instanceof TemplateError) throw error;
      throw new TemplateError(node.line, (error as Error).message);
    }
  }

  #decide(node: Extract<Node, { kind: "decision" }>, dot: Value): void {
    // What is declared in the condition or inside ends with the block.
    const declared = this.#variables.length;
    const value = this.#pipeline(node.condition, dot);
    if (isTrue(value)) this.#show(node.whenTrue, node.rebinds ? value : dot);
    else this.#show(node.otherwise, dot);
    this.#variables.length = declared;
  }

  #addText(text: string): void {
    this.#place.feed(text);
    this.#add(text);
  }

  #add(text: string): void {
    if (this.text.length + text.length > TEMPLATE_LIMITS.maxRenderedBytes) throw tooLarge();
    this.text += text;
  }

  /** @param shown the value will be escaped for its place: `html` as the last step would only do it twice */
  #pipeline(pipeline: Pipeline, dot: Value, shown = false): Value {
    let value: Value;
    for (const [index, command] of pipeline.commands.entries()) {
      const piped = index === 0 ? [] : [value];
      const last = index === pipeline.commands.length - 1;
      value = this.#command(command, dot, piped, shown && last);
    }
    if (pipeline.sets !== null) this.#set(pipeline.sets.name, pipeline.sets.declares, value);
    return value;
  }

  #command(command: Command, dot: Value, piped: readonly Value[], shown: boolean): Value {
    if (command.kind === "value") return this.#operand(command.operand, dot);
    const { name, operands } = command;
    if (name === "and" || name === "or") return this.#shortCircuit(name, operands, dot, piped);
    const args = [...operands.map((operand) => this.#operand(operand, dot)), ...piped];
    const called = name === "html" && shown ? "print" : name;
    return (FUNCTIONS.get(called) as TemplateFunction)(args);
  }

  #shortCircuit(name: "and" | "or", operands: readonly Operand[], dot: Value, piped: readonly Value[]): Value {
    if (operands.length + piped.length === 0) throw new Error(`${name} needs an argument`);
    let value: Value;
    for (const operand of operands) {
      value = this.#operand(operand, dot);
      if (isTrue(value) === (name === "or")) return value;
    }
    return piped.length === 0 ? value : piped[0];
  }

  #operand(operand: Operand, dot: Value): Value {
    if (operand.kind === "literal") return operand.value;
    if (operand.kind === "nested") return fieldOf(this.#pipeline(operand.pipeline, dot), operand.names);
    return fieldOf(operand.variable === null ? dot : this.#variable(operand.variable).value, operand.names);
  }

  #variable(name: string): Variable {
    const variable = this.#variables.findLast((known) => known.name === name);
    if (variable === undefined) throw new Error(`there is no variable ${name}`);
    return variable;
  }

  #set(name: string, declares: boolean, value: Value): void {
    if (declares) this.#variables.push({ name, value });
    else this.#variable(name).value = value;
  }
}

function tooLarge(): TemplateError {
  return new TemplateError(0, `the page is larger than ${TEMPLATE_LIMITS.maxRenderedBytes} bytes`);
}
