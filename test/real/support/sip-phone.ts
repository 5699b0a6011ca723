import { createSocket, type Socket } from 'node:dgram';

const HOST = '127.0.0.1';
/** SIP port of the exchange. */
const EXCHANGE_PORT = 25060;

interface Dialog {
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  readonly local: string;
  readonly remote: string;
  sequence: number;
}

interface Message {
  readonly first: string;
  readonly header: (name: string) => string;
}

/** A SIP telephone without audio for a function that Asterisk lacks: an attended transfer by REFER with Replaces. */
export class SipPhone {
  private readonly socket: Socket = createSocket('udp4');
  private asked = 0;
  private readonly answers = new Map<string, (message: Message) => void>();
  private incoming: Dialog | undefined;

  private constructor(
    private readonly number: string,
    private readonly port: number,
  ) {
    this.socket.on('message', (bytes) => this.read(bytes.toString('utf8')));
  }

  static async open(number: string, port: number): Promise<SipPhone> {
    const phone = new SipPhone(number, port);
    await new Promise<void>((resolve) => phone.socket.bind(port, HOST, resolve));
    return phone;
  }

  get isTalking(): boolean {
    return this.incoming !== undefined;
  }

  /** Calls a number and resolves once the call is answered. */
  async call(number: string): Promise<Dialog> {
    const localTag = `tag-${++this.asked}`;
    const callId = `call-${this.asked}-${Date.now()}`;
    const local = `<sip:${this.number}@${HOST}>`;
    const target = `<sip:${number}@${HOST}:${EXCHANGE_PORT}>`;
    const dialog = { callId, localTag, remoteTag: '', local, remote: target, sequence: 1 };
    const answer = await this.request('INVITE', dialog, ['Content-Type: application/sdp'], this.sdp());
    const answered = { ...dialog, remoteTag: /tag=([^;\s]+)/.exec(answer.header('To'))?.[1] ?? '' };
    this.send(this.line('ACK', answered, 'ack'));
    return answered;
  }

  /** Transfers the incoming call to the other one and leaves both. */
  async transfer(other: Dialog): Promise<void> {
    const { incoming } = this;
    if (!incoming) throw new Error('this telephone has no incoming call');
    const replaces = encodeURIComponent(`${other.callId};to-tag=${other.remoteTag};from-tag=${other.localTag}`);
    const to = other.remote.replace('>', `?Replaces=${replaces}>`);
    await this.request('REFER', incoming, [`Refer-To: ${to}`, `Referred-By: ${incoming.local}`]);
  }

  close(): void {
    this.socket.close();
  }

  private request(method: string, dialog: Dialog, headers: readonly string[], body = ''): Promise<Message> {
    dialog.sequence++;
    return new Promise((resolve, reject) => {
      this.answers.set(`${dialog.sequence} ${method} ${dialog.callId}`, (message) => {
        const status = Number(message.first.split(' ')[1]);
        if (status >= 300) reject(new Error(message.first));
        else if (status >= 200) resolve(message);
      });
      this.send(this.line(method, dialog, `${dialog.sequence}`, headers, body));
    });
  }

  private line(method: string, dialog: Dialog, branch: string, headers: readonly string[] = [], body = ''): string {
    const { callId, localTag, remoteTag, local, remote, sequence } = dialog;
    return [
      `${method} ${remote.slice(1, -1)} SIP/2.0`,
      `Via: SIP/2.0/UDP ${HOST}:${this.port};branch=z9hG4bK-${callId}-${branch};rport`,
      `From: ${local};tag=${localTag}`,
      `To: ${remote}${remoteTag === '' ? '' : `;tag=${remoteTag}`}`,
      `Call-ID: ${callId}`,
      `CSeq: ${sequence} ${method}`,
      `Contact: <sip:${this.number}@${HOST}:${this.port}>`,
      'Max-Forwards: 70',
      ...headers,
      `Content-Length: ${Buffer.byteLength(body)}`,
      '',
      body,
    ].join('\r\n');
  }

  private sdp(): string {
    const lines = ['v=0', `o=- 1 1 IN IP4 ${HOST}`, 's=-', `c=IN IP4 ${HOST}`, 't=0 0', 'm=audio 28000 RTP/AVP 0', ''];
    return lines.join('\r\n');
  }

  private read(text: string): void {
    const [first = '', ...lines] = text.split('\r\n');
    const header = (name: string) => {
      const found = lines.find((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`));
      return found?.slice(name.length + 1).trim() ?? '';
    };
    const message = { first, header };
    if (first.startsWith('SIP/2.0')) this.answers.get(`${header('CSeq')} ${header('Call-ID')}`)?.(message);
    else if (first.startsWith('INVITE')) this.pickUp(message, lines);
    else if (!first.startsWith('ACK')) this.answer(lines, header('To'));
  }

  private pickUp({ header }: Message, lines: readonly string[]): void {
    const localTag = `in-${++this.asked}`;
    this.answer(lines, `${header('To')};tag=${localTag}`, this.sdp());
    this.incoming = {
      callId: header('Call-ID'),
      localTag,
      remoteTag: /tag=([^;\s]+)/.exec(header('From'))?.[1] ?? '',
      local: /<[^>]*>/.exec(header('To'))?.[0] ?? '',
      remote: /<[^>]*>/.exec(header('Contact'))?.[0] ?? '',
      sequence: 100,
    };
  }

  private answer(lines: readonly string[], to: string, body = ''): void {
    const copied = lines.filter((line) => /^(Via|From|Call-ID|CSeq|Record-Route):/i.test(line));
    const type = body === '' ? [] : ['Content-Type: application/sdp'];
    const contact = `Contact: <sip:${this.number}@${HOST}:${this.port}>`;
    const length = `Content-Length: ${Buffer.byteLength(body)}`;
    this.send(['SIP/2.0 200 OK', ...copied, `To: ${to}`, contact, ...type, length, '', body].join('\r\n'));
  }

  private send(text: string): void {
    this.socket.send(text, EXCHANGE_PORT, HOST);
  }
}
