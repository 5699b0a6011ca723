/** Shows the progress of an operation. */
export interface Progress {
  show(done: number, text: string): void;
  /** Prints a permanent line above the bar. */
  note(text: string): void;
  /** Ends the display and keeps its last state. */
  end(): void;
}

const WIDTH = 40;
const LINE_MS = 1_000;
const FRAME_MS = 100;

export interface ProgressOptions {
  readonly write: (text: string) => void;
  readonly total: number;
  /** True: a moving bar; false: one line per second. */
  readonly terminal: boolean;
  readonly now: () => number;
}

/** Returns a progress display, which limits the number of updates. */
export function progress({ write, total, terminal, now }: ProgressOptions): Progress {
  const pauseMs = terminal ? FRAME_MS : LINE_MS;
  let shownAt = terminal ? -Infinity : now();
  let last: { done: number; text: string } | undefined;
  const draw = (done: number, text: string) => {
    write(terminal ? `\r   ${bar(done, total)}  ${text}\u001B[K` : `   ${text}\n`);
    last = undefined;
  };
  return {
    show(done, text) {
      last = { done, text };
      if (now() - shownAt < pauseMs) return;
      shownAt = now();
      draw(done, text);
    },
    note(text) {
      write(`${terminal ? '\r' : ''}   ${text}${terminal ? '\u001B[K' : ''}\n`);
    },
    end() {
      if (last) draw(last.done, last.text);
      if (terminal) write('\n');
    },
  };
}

/** Returns a bar such as `██████░░░░`. */
export function bar(done: number, total: number): string {
  const filled = Math.min(WIDTH, Math.floor((done / Math.max(1, total)) * WIDTH));
  return '█'.repeat(filled) + '░'.repeat(WIDTH - filled);
}
