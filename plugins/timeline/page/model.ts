/** Types of the API; `plugins/timeline/src/entry.ts` describes them. */
export type Status = 'waiting' | 'confirmed' | 'arrived' | 'done' | 'noShow' | 'cancelled' | 'refused';

export interface Entry {
  readonly id: string;
  readonly version: number;
  readonly resource: { readonly code: string; readonly name: string };
  readonly start: string;
  readonly end: string;
  readonly status: Status;
  readonly client: string;
  readonly phone: string;
  readonly comment: string;
  readonly note: string;
  readonly by: string;
}

export interface Hours {
  readonly weekday?: number;
  readonly day?: string;
  readonly opens?: string;
  readonly closes?: string;
}

export interface Resource {
  readonly code: string;
  readonly name: string;
  readonly shared: boolean;
  readonly archived: boolean;
  readonly hours: readonly Hours[];
}

export interface JournalInfo {
  readonly timezone: string;
  readonly statuses: readonly Status[];
  readonly resources: readonly Resource[];
  readonly me: { readonly name: string; readonly canWrite: boolean; readonly extension?: string };
  /** STOMP destination at which the host reports changes. */
  readonly destination?: string;
}

export interface Call {
  readonly id: string;
  readonly phone: string;
  readonly client: string;
}

export interface Changes {
  readonly cursor: string;
  readonly entries: readonly Entry[];
  readonly calls: readonly Call[];
  readonly resources: boolean;
}

/** Fields that a form or a drag changes. */
export interface Draft {
  resource: string;
  start: string;
  end: string;
  status: Status;
  client: string;
  phone: string;
  comment: string;
}
