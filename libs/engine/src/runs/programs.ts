import type { Flow, RevisionResult } from '@sluice/flow';
import type { MaybePromise } from '../maybe-promise.js';
import type { RevisionStore, StoredRevision } from '../ports/revisions.js';
import type { HopRunner } from './hop-runner.js';
import type { RunEnds } from './run-ends.js';

/** Maximum compiled programs of earlier revisions of one flow that a host keeps in memory. The oldest is compiled again when it is needed. */
const MAX_EARLIER = 20;
/** Milliseconds for which a host remembers that a revision is not in the table. */
const UNKNOWN_MS = 10_000;

/** Runs and ends the runs of one revision of a flow. */
export interface ProgramRunner {
  readonly flow: Flow;
  readonly hops: HopRunner;
  readonly ends: RunEnds;
}

/** The program of a run, or the reason why this host has none. */
export type FoundProgram =
  | { readonly kind: 'program'; readonly runner: ProgramRunner }
  /**
   * Another host has announced the revision after this host announced its own one. This host cannot compile it in the same way, because it
   * has older files, or other values of variables.
   */
  | { readonly kind: 'newer' }
  /** The revision cannot be compiled any more. `missing` contains the reason, such as `no connection is called "erp"`. */
  | { readonly kind: 'gone'; readonly missing: string };

/** Compiles a stored revision with the plugins, connections and variables of this host. */
export type CompileRevision = (stored: StoredRevision) => Promise<RevisionResult>;

export interface ProgramsDeps {
  readonly revisions: RevisionStore;
  readonly compile: CompileRevision;
  readonly clock: { monotonic(): number };
}

/**
 * The programs of one flow by revision. New events run on the newest one. A run continues on the revision on which it began, which is
 * compiled from the stored text when a message names it. A revision that is not stored runs on the newest program, because earlier
 * releases stored no revisions.
 */
export class Programs {
  #newest: ProgramRunner;
  #generation: number;
  readonly #earlier = new Map<string, FoundProgram>();
  readonly #lookups = new Map<string, Promise<FoundProgram>>();
  /** Revisions that other hosts have announced later. */
  readonly #newerKnown = new Set<string>();
  /** Monotonic time until which a revision counts as not stored. */
  readonly #unknownUntil = new Map<string, number>();

  /**
   * @param flow the newest revision
   * @param generation of the newest revision, from {@link RevisionStore.announce}
   */
  constructor(
    flow: Flow,
    generation: number,
    private readonly make: (flow: Flow) => ProgramRunner,
    private readonly deps: ProgramsDeps,
  ) {
    this.#newest = make(flow);
    this.#generation = generation;
  }

  get newest(): ProgramRunner {
    return this.#newest;
  }

  /** Revisions that this host has in memory, the newest first. */
  get revisions(): readonly string[] {
    return [this.#newest.flow.revision, ...this.#earlier.keys()];
  }

  /** Makes a revision the newest one. The program of the previous one stays in memory for its runs. */
  replace(flow: Flow, generation: number): void {
    this.#generation = generation;
    // programs that could not be compiled may be complete now
    for (const [revision, found] of this.#earlier) if (found.kind === 'gone') this.#earlier.delete(revision);
    this.#unknownUntil.clear();
    if (flow.revision === this.#newest.flow.revision) return;
    this.#keep(this.#newest.flow.revision, { kind: 'program', runner: this.#newest });
    this.#earlier.delete(flow.revision);
    this.#newest = this.make(flow);
  }

  /** Forgets earlier programs that could not be compiled, because the workspace has changed. */
  forgetFailed(): void {
    this.replace(this.#newest.flow, this.#generation);
  }

  /**
   * Returns the program of a revision; a promise only when the table of revisions has to be read.
   *
   * @throws STORE_UNAVAILABLE while the database is unavailable
   */
  of(revision: string): MaybePromise<FoundProgram> {
    return this.peek(revision) ?? this.#lookup(revision);
  }

  /** Returns the program of a revision when it can be decided without the table of revisions. */
  peek(revision: string): FoundProgram | undefined {
    // a called run has none before it begins
    if (revision === '' || revision === this.#newest.flow.revision) return this.#program(this.#newest);
    const known = this.#earlier.get(revision);
    if (known) return known;
    return (this.#unknownUntil.get(revision) ?? -Infinity) > this.deps.clock.monotonic()
      ? this.#program(this.#newest)
      : undefined;
  }

  /** Returns whether the table has the revision; undefined while it is read, or cannot be read. */
  isStored(revision: string): boolean | undefined {
    if (this.#earlier.has(revision) || this.#newerKnown.has(revision) || revision === this.#newest.flow.revision) return true;
    if (this.peek(revision)) return false;
    this.#lookup(revision).catch(() => undefined);
    return undefined;
  }

  #program(runner: ProgramRunner): FoundProgram {
    return { kind: 'program', runner };
  }

  #lookup(revision: string): Promise<FoundProgram> {
    let lookup = this.#lookups.get(revision);
    if (!lookup) {
      lookup = this.#read(revision).finally(() => this.#lookups.delete(revision));
      this.#lookups.set(revision, lookup);
    }
    return lookup;
  }

  async #read(revision: string): Promise<FoundProgram> {
    const { name } = this.#newest.flow;
    const stored = await this.deps.revisions.get(name, revision);
    if (!stored) {
      if (this.#unknownUntil.size >= MAX_EARLIER) this.#unknownUntil.clear();
      this.#unknownUntil.set(revision, this.deps.clock.monotonic() + UNKNOWN_MS);
      return this.#program(this.#newest);
    }
    const compiled = await this.deps.compile(stored);
    const isExact = compiled.ok && compiled.isExact;
    if (!isExact && stored.generation > this.#generation && (await this.#isNewer(stored.generation))) {
      if (this.#newerKnown.size >= MAX_EARLIER) this.#newerKnown.clear();
      this.#newerKnown.add(revision);
      return { kind: 'newer' };
    }
    const found: FoundProgram = compiled.ok
      ? this.#program(this.make(compiled.flow))
      : { kind: 'gone', missing: missingIn(compiled) };
    this.#keep(revision, found);
    return found;
  }

  /** Another host may have announced the newest revision of this host again since then, which has raised its generation. */
  async #isNewer(generation: number): Promise<boolean> {
    const { name, revision } = this.#newest.flow;
    this.#generation = (await this.deps.revisions.get(name, revision))?.generation ?? this.#generation;
    return generation > this.#generation;
  }

  #keep(revision: string, found: FoundProgram): void {
    this.#earlier.set(revision, found);
    const [oldest] = this.#earlier.keys();
    if (this.#earlier.size > MAX_EARLIER && oldest !== undefined) this.#earlier.delete(oldest);
  }
}

/** Returns the errors of a revision in one line. */
export function missingIn({ findings }: Extract<RevisionResult, { readonly ok: false }>): string {
  return findings.map(({ message }) => message).join('; ') || 'its text contains no flow';
}
