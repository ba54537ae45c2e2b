import { TemplateError, type Token } from "./tokens";

export const HOW_TO_WRITE = "write the result out, or compute it where it is used";

/** Walks over tokens; the last one is always the end. */
export class TokenReader {
  protected index = 0;

  constructor(private readonly tokens: readonly Token[]) {}

  protected get token(): Token {
    return this.tokens[this.index] as Token;
  }

  protected get following(): Token | undefined {
    return this.tokens[this.index + 1];
  }

  protected tooDeep(): TemplateError {
    return new TemplateError(this.token.offset, "this expression is nested too deeply", HOW_TO_WRITE);
  }

  protected skip(name: string): boolean {
    const found = this.isName(name);
    if (found) this.index++;
    return found;
  }

  protected isName(name: string): boolean {
    return this.token.kind === "name" && this.token.text === name;
  }

  protected isOperator(...operators: string[]): boolean {
    return this.token.kind === "operator" && operators.includes(this.token.text);
  }

  protected take(): Token {
    const token = this.token;
    if (token.kind !== "end") this.index++;
    return token;
  }

  protected expect(operator: string): void {
    if (!this.isOperator(operator)) this.unexpected(operator);
    this.index++;
  }

  protected unexpected(expected?: string): never {
    const { kind, text, offset } = this.token;
    const found = kind === "end" ? "the end of {{ }}" : text;
    if (text === "**") throw new TemplateError(offset, "found **, which is not supported", HOW_TO_WRITE);
    if (!expected)
      throw new TemplateError(offset, `did not expect ${found} here`, "check the commas, quotes and brackets");
    throw new TemplateError(offset, `expected ${expected}, found ${found}`);
  }
}
