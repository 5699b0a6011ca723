import type { Ledger } from './ledger.mjs';
import type { SluiceClients, SluicePerson } from './sluice-client.mjs';

export interface Profile {
  readonly people: number;
  readonly bots: number;
  readonly discussions: readonly { readonly kind: string; readonly members: number; readonly count: number }[];
  readonly messages: number;
}
export interface Participant {
  readonly id: string;
  readonly isOpen: boolean;
  readonly client: SluicePerson;
}
export class Crowd {
  static gather(side: SluiceClients, profile: Profile): Promise<Crowd>;
  readonly people: readonly Participant[];
  readonly bots: readonly Participant[];
  readonly ledger: Ledger;
  mixed(load: {
    readonly seconds: number;
    readonly workers: number;
    readonly rate?: number;
  }): Promise<{ readonly count: number }>;
  reconnect(): Promise<void>;
  verify(): Promise<void>;
  leave(): Promise<void>;
}
