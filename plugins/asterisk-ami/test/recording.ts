import { readFileSync } from 'node:fs';
import path from 'node:path';
import { PacketReader } from '../src/ami/packet-reader.js';
import { parsePacket, type Packet } from '../src/ami/packet.js';

/** What an Asterisk 16.28 sent during one call that was originated: login, channels, bridge, hang-up, a command, logoff. */
export const RECORDING = readFileSync(path.join(import.meta.dirname, 'fixtures', 'asterisk-16-outbound-call.txt'));

/** The packets in these pieces of a stream, and what else came of it. */
export function readPackets(pieces: readonly Buffer[], limit?: number) {
  const packets: Packet[] = [];
  const banners: string[] = [];
  let oversized = 0;
  const reader = new PacketReader(
    {
      banner: (line) => banners.push(line),
      packet: (bytes) => packets.push(parsePacket(bytes.toString())),
      oversized: () => oversized++,
    },
    limit,
  );
  for (const piece of pieces) reader.push(piece);
  return { packets, banners, oversized };
}

/** The events of the recording, in order. */
export const recordedEvents = (): readonly Packet[] => readPackets([RECORDING]).packets.filter((packet) => 'Event' in packet);
