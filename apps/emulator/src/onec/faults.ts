import { z } from 'zod';

/** An error response of 1C, or of the web server in front of it. */
export interface Trouble {
  readonly status: number;
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Faults that the code of the configuration raises: a web service answers with a SOAP fault. */
export const RAISED: ReadonlySet<FaultKind | undefined> = new Set(['lock', 'business']);

/** Faults that are answers, with the status and text of real publications. */
const TROUBLES = {
  /** The session pool of the publication is full. */
  busy: { status: 406, text: '' },
  /** The web server asks for a later repeat. */
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
 * Faults without an answer of their own:
 * - `refuse-all`: the connection of every call is reset before any work, like that of a call beyond the limit.
 * - `down`: every connection is reset, and no call is counted as refused.
 * - `lost`: the work is done, and then the connection is reset, so that the caller does not know the result.
 * - `hang`: the call is accepted and not answered; the next change of faults resets its connection.
 * - `slow`: the work takes ten times as long.
 * - `bom`: the answer begins with a UTF-8 byte order mark.
 */
const MISBEHAVIOURS = ['refuse-all', 'down', 'lost', 'hang', 'slow', 'bom'] as const;

export type FaultKind = keyof typeof TROUBLES | (typeof MISBEHAVIOURS)[number];

export const FAULT_KINDS = [...(Object.keys(TROUBLES) as (keyof typeof TROUBLES)[]), ...MISBEHAVIOURS] as readonly FaultKind[];

const faultSchema = z.strictObject({
  kind: z.enum(FAULT_KINDS),
  /** Number of calls that it affects; absent: all. */
  times: z.int().positive().optional(),
});

/** Body of `POST /__fault`: `{ "faults": [{ "kind": "busy", "times": 3 }] }`; an empty list ends all faults. */
export const faultOrder = z.strictObject({ faults: z.array(faultSchema) });

export type Fault = z.infer<typeof faultSchema>;

/** The faults to come, one after another: after `times` calls with the first, the next begins. */
export class FaultPlan {
  private waiting: { kind: FaultKind; left: number }[] = [];

  order(faults: readonly Fault[]): void {
    this.waiting = faults.map(({ kind, times }) => ({ kind, left: times ?? Infinity }));
  }

  /** Returns the fault of the call that begins now. */
  next(): FaultKind | undefined {
    const current = this.waiting[0];
    if (!current) return undefined;
    if (--current.left <= 0) this.waiting.shift();
    return current.kind;
  }
}

/** Returns the answer of a fault, or undefined for a fault without one. */
export function troubleOf(kind: FaultKind | undefined): Trouble | undefined {
  return kind !== undefined && kind in TROUBLES ? TROUBLES[kind as keyof typeof TROUBLES] : undefined;
}
