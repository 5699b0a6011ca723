export class MailServer {
  static start(): Promise<MailServer>;
  readonly url: string;
  code(address: string): Promise<string>;
  stop(): Promise<void>;
}
