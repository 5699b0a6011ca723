/** How far something has come. */
export interface Progress {
  show(done: number, text: string): void;
  /** A line that stays, above what moves. */
  note(text: string): void;
  /** Leaves the last state standing. */
  end(): void;
}

const WIDTH = 40;
const LINE_MS = 1_000;
const FRAME_MS = 100;

export interface ProgressOptions {
  readonly write: (text: string) => void;
  readonly total: number;
  /** A bar that moves; otherwise one line a second. */
  readonly terminal: boolean;
  readonly now: () => number;
}

/** Say how far it is as often as you like: what is too soon is not shown. */
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

/** `██████░░░░` */
export function bar(done: number, total: number): string {
  const filled = Math.min(WIDTH, Math.floor((done / Math.max(1, total)) * WIDTH));
  return '█'.repeat(filled) + '░'.repeat(WIDTH - filled);
}
