import { z } from 'zod';

/** An answer that stands for a whole class of trouble, as 1C or the web server in front of it gives it. */
export interface Trouble {
  readonly status: number;
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Troubles that 1C's own code raises: a web service answers them as a fault. */
export const RAISED: ReadonlySet<FaultKind | undefined> = new Set(['lock', 'business']);

/** Troubles that are an answer: the status and the text are those that administrators meet. */
export const TROUBLES = {
  /** The publication's session pool is used up. */
  busy: { status: 406, text: '' },
  /** The front asks to come back later. */
  unavailable: { status: 503, text: 'Service Unavailable', headers: { 'retry-after': '1' } },
  licence: { status: 500, text: 'Не обнаружено свободной лицензии!' },
  lock: {
    status: 500,
    text: '{ОбщийМодуль.Обмен.Модуль(48)}: Ошибка при вызове метода контекста (Записать): Конфликт блокировок при выполнении транзакции: Превышено максимальное время ожидания предоставления блокировки',
  },
  killed: { status: 500, text: 'Сеанс работы завершен администратором.' },
  rphost: { status: 500, text: 'Рабочий процесс не найден' },
  blocked: { status: 500, text: 'Начало сеанса с информационной базой запрещено. Регламентные работы до 03:00' },
  business: { status: 500, text: '{ОбщийМодуль.Обмен.Модуль(12)}: Контрагент заблокирован' },
  html: {
    status: 502,
    text: '<html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>',
    headers: { 'content-type': 'text/html' },
  },
} as const satisfies Record<string, Trouble>;

/**
 * Troubles that are not an answer.
 * - `refuse-all`: every call is refused as one past the limit is: its connection is reset before any work.
 * - `down`: every connection is reset, and nothing is counted as refused.
 * - `lost`: the work is done, and then the connection is reset: the caller cannot know.
 * - `hang`: the call is taken and not answered; other orders end it with a reset.
 * - `slow`: the work takes ten times as long.
 * - `bom`: the answer begins with a UTF-8 byte order mark.
 */
const MISBEHAVIOURS = ['refuse-all', 'down', 'lost', 'hang', 'slow', 'bom'] as const;

export type FaultKind = keyof typeof TROUBLES | (typeof MISBEHAVIOURS)[number];

export const FAULT_KINDS = [...(Object.keys(TROUBLES) as (keyof typeof TROUBLES)[]), ...MISBEHAVIOURS] as readonly FaultKind[];

const faultSchema = z.strictObject({
  kind: z.enum(FAULT_KINDS),
  /** How many calls meet it; absent: all. */
  times: z.int().positive().optional(),
});

/** What `POST /__fault` takes: `{ "faults": [{ "kind": "busy", "times": 3 }] }`; an empty list ends the trouble. */
export const faultOrder = z.strictObject({ faults: z.array(faultSchema) });

export type Fault = z.infer<typeof faultSchema>;

/** The faults ordered, met one after another: when the first has been met `times` times, the next begins. */
export class FaultPlan {
  private waiting: { kind: FaultKind; left: number }[] = [];

  order(faults: readonly Fault[]): void {
    this.waiting = faults.map(({ kind, times }) => ({ kind, left: times ?? Infinity }));
  }

  /** What the call that begins now meets. */
  next(): FaultKind | undefined {
    const current = this.waiting[0];
    if (!current) return undefined;
    if (--current.left <= 0) this.waiting.shift();
    return current.kind;
  }
}

/** The answer that stands for the fault, when it is one that answers. */
export function troubleOf(kind: FaultKind | undefined): Trouble | undefined {
  return kind !== undefined && kind in TROUBLES ? TROUBLES[kind as keyof typeof TROUBLES] : undefined;
}
