/** A person as a client of Sluice. */
export class SluicePerson {
  readonly sub: string;
  readonly id: string;
  readonly isOpen: boolean;
  connect(): Promise<void>;
  close(): Promise<void>;
  cut(): void;
  call<Answer>(method: string, path: string, body?: object): Promise<Answer>;
}
export class SluiceClients {
  constructor(urls: () => readonly string[], sign: (sub: string, scope: string) => Promise<string>);
  readonly url: string;
  person(sub: string, options?: { readonly isBot?: boolean }): Promise<SluicePerson>;
  close(): Promise<void>;
}
