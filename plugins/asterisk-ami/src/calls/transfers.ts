import { knownText, textOf, type Packet } from '../ami/packet.js';
import type { PhaseEvent } from './call-phase.js';
import type { CallRegistry } from './call-registry.js';
import type { Numbers } from './numbers.js';
import type { Phases } from './phases.js';

/**
 * Transfers: BlindTransfer, AttendedTransfer. A failed or cancelled one is no phase. Recordings: blind_ami.txt, blind_refer.txt,
 * atxfer.txt.
 */
export class Transfers {
  constructor(
    private readonly registry: CallRegistry,
    private readonly numbers: Numbers,
    private readonly phases: Phases,
  ) {}

  blind(packet: Packet, now: number): readonly PhaseEvent[] {
    return this.transfer(packet, 'Transferer', knownText(packet, 'Extension'), now);
  }

  /** Without the channel of the target in the event, the target is the number with which the second leg of the transferer is connected. */
  attended(packet: Packet, now: number): readonly PhaseEvent[] {
    const to = this.numbers.party(packet, 'TransferTarget') ?? knownText(packet, 'SecondTransfererConnectedLineNum');
    return this.transfer(packet, 'OrigTransferer', to, now);
  }

  private transfer(packet: Packet, by: string, to: string | undefined, now: number): readonly PhaseEvent[] {
    const call = this.registry.legs.get(knownText(packet, `${by}Uniqueid`))?.call;
    if (!call || textOf(packet, 'Result') !== 'Success') return [];
    call.transferredTo = to;
    const extension = this.numbers.ours(this.numbers.party(packet, by)) ?? call.extension;
    return [this.phases.of(call, 'transferred', String(++call.transfers), now, { extension: extension ?? null })];
  }
}
