import { createInterface, type Completer, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { completeExpression, isIncomplete, tryExpression, type Scope } from '@sluice/flow';
import { shown } from '../terminal/paint.js';
import { trialText } from './expression-text.js';

/** Maximum characters of one expression over all of its lines. */
const MAX_CHARACTERS = 64 * 1024;
const MAX_HISTORY = 200;
const PROMPT = '> ';
const MORE = '… ';

const HELP = `An expression is evaluated on the event, as in \${{ }} of a flow:  trigger.data.total > 100
An open bracket or an operator at the end continues on the next line; an empty line ends the expression.
Tab completes names and functions, the arrow keys repeat earlier lines.
  .scope      the names that an expression can begin with, and their values
  .event FILE read another event
  .help       this text
  .exit       end (also Ctrl+D); Ctrl+C drops the line`;

export interface DialogueOptions {
  readonly input: Readable;
  readonly output: Writable;
  readonly mask: (text: string) => string;
  readonly scope: Scope;
  /** Returns the scope of another event. Rejects with an error for the user. */
  readonly readEvent: (file: string) => Promise<Scope>;
}

/** Reads expressions line by line and prints their values, until the input ends. The history is kept in memory only: data may be personal. */
export async function holdDialogue(options: DialogueOptions): Promise<void> {
  const dialogue = new Dialogue(options);
  await dialogue.run();
}

class Dialogue {
  #scope: Scope;
  #lines: string[] = [];

  constructor(private readonly options: DialogueOptions) {
    this.#scope = options.scope;
  }

  async run(): Promise<void> {
    const { input, output } = this.options;
    const terminal = (output as { readonly isTTY?: boolean }).isTTY === true;
    const completer: Completer = (line) => {
      const { candidates, word } = completeExpression(line, this.#scope);
      return [[...candidates], word];
    };
    const lines = createInterface({ input, output, terminal, completer, historySize: MAX_HISTORY, prompt: PROMPT });
    lines.on('SIGINT', () => {
      this.#lines = [];
      this.#print('');
      this.#ask(lines);
    });
    this.#print('.help shows what can be written here');
    this.#ask(lines);
    for await (const line of lines) {
      if (line.trim() === '.exit') break;
      await this.#take(line);
      this.#ask(lines);
    }
    lines.close();
  }

  #ask(lines: Interface): void {
    lines.setPrompt(this.#lines.length === 0 ? PROMPT : MORE);
    lines.prompt();
  }

  async #take(line: string): Promise<void> {
    if (this.#lines.length === 0 && line.trimStart().startsWith('.')) return this.#command(line.trim());
    const isEnd = line.trim() === '';
    if (!isEnd) this.#lines.push(line);
    const source = this.#lines.join('\n');
    if (source === '') return;
    if (source.length > MAX_CHARACTERS) {
      this.#lines = [];
      return this.#print(`an expression has at most ${MAX_CHARACTERS} characters`);
    }
    if (!isEnd && isIncomplete(source)) return;
    this.#lines = [];
    this.#print(trialText(await tryExpression(source, this.#scope), source, this.options.mask));
  }

  async #command(line: string): Promise<void> {
    const [, name = '', argument = ''] = /^(\.\w*)\s*(.*)$/.exec(line) ?? [];
    if (name === '.help') return this.#print(HELP);
    if (name === '.scope') return this.#printScope();
    if (name !== '.event' || argument === '') return this.#print(`unknown command ${line}: .help lists the commands`);
    try {
      this.#scope = await this.options.readEvent(argument);
      this.#print(`the event of ${argument}`);
    } catch (error) {
      this.#print(error instanceof Error ? error.message : String(error));
    }
  }

  async #printScope(): Promise<void> {
    for (const name of Object.keys(this.#scope).filter((one) => one !== 'context')) {
      const trial = await tryExpression(name, this.#scope);
      this.#print(`${name}: ${trialText(trial, name, this.options.mask)}`);
    }
  }

  #print(text: string): void {
    this.options.output.write(`${shown(this.options.mask(text))}\n`);
  }
}
