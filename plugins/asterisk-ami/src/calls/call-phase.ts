export const PHASES = ['ringing', 'answered', 'transferred', 'finished'] as const;
export const DIRECTIONS = ['incoming', 'outgoing', 'internal'] as const;
export const ANSWERERS = ['person', 'dialplan'] as const;

export type Phase = (typeof PHASES)[number];
export type Direction = (typeof DIRECTIONS)[number];
export type Answerer = (typeof ANSWERERS)[number];

/** The state of a call at the beginning of one of its phases. `null`: not known. */
export interface CallPhase {
  readonly phase: Phase;
  /** Linkedid, the same for all legs of a call. */
  readonly call: string;
  /** `incoming` comes from outside, `outgoing` goes there. */
  readonly direction: Direction | null;
  /** Number of the caller and dialled number, as the exchange has them. */
  readonly from: string | null;
  readonly fromName: string | null;
  readonly to: string | null;
  /** Our own extension that rings, has answered or speaks in this phase. */
  readonly extension: string | null;
  /** Channel of the leg that rings or has answered. */
  readonly channel: string | null;
  readonly answered: boolean | null;
  /** A person, or only the dialplan of the exchange: a menu, a queue, a parking lot. */
  readonly answeredBy: Answerer | null;
  /** Seconds until the answer, since the answer, and of the whole call. */
  readonly ringing: number | null;
  readonly talking: number | null;
  readonly duration: number | null;
  /** Hang-up cause of the caller's leg: its number in Q.850, and Asterisk's text for it. */
  readonly cause: number | null;
  readonly causeText: string | null;
  /** File of the recording. */
  readonly recording: string | null;
  readonly transferredTo: string | null;
  /** The call in which this one continued, for example after a pickup. */
  readonly joined: string | null;
  /** True when a part of the call was not observed. */
  readonly recovered: boolean;
  /** The channel variables that the flow wants. */
  readonly variables: Readonly<Record<string, string>>;
}

/** A phase with an id that no other phase has. */
export interface PhaseEvent {
  readonly id: string;
  readonly data: CallPhase;
}
