import { knownText, textOf, type Packet } from '../ami/packet.js';
import type { Call } from './call-registry.js';
import { peerOf } from './legs.js';

/** Finds the numbers of callers and called parties in packets. */
export class Numbers {
  /** @param extensions matches our own numbers */
  constructor(private readonly extensions: RegExp) {}

  /** Returns the number when it is one of our extensions. */
  ours(number: string | undefined): string | undefined {
    return number !== undefined && this.extensions.test(number) ? number : undefined;
  }

  /** Returns the extension of the telephone that a channel is named after. */
  extensionOf(channel: string | undefined): string | undefined {
    return this.ours(peerOf(channel));
  }

  callersExtension(call: Call): string | undefined {
    return call.caller?.extension ?? this.ours(call.from);
  }

  /**
   * Returns the number of a party: the extension that its channel is named after, because a dialplan changes the number that is shown, or
   * else the number that is shown. Recording: out_answered.txt, whose caller 101 shows the number of the company.
   */
  party(packet: Packet, prefix: string): string | undefined {
    return this.extensionOf(textOf(packet, `${prefix}Channel`)) ?? knownText(packet, `${prefix}CallerIDNum`);
  }

  /** Returns the number that was dialled for a leg. A trunk has a name of its own, so the number is in another field then. */
  dialled(packet: Packet): string | undefined {
    const shown = knownText(packet, 'DestCallerIDNum');
    const isOfCaller = shown === knownText(packet, 'CallerIDNum') || knownText(packet, 'Channel') === undefined;
    return (
      this.extensionOf(textOf(packet, 'DestChannel')) ??
      (isOfCaller ? undefined : shown) ??
      numberIn(textOf(packet, 'DialString')) ??
      shown
    );
  }
}

/** Returns the number in a dial string: `79161234567@trunk`, `trunk/sip:79161234567@host`, `101`. */
function numberIn(dialString: string | undefined): string | undefined {
  return dialString === undefined ? undefined : /(?:^|[/:])(\+?\d+)(?:@|$)/.exec(dialString)?.[1];
}
