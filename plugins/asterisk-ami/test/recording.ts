import { readFileSync } from 'node:fs';
import path from 'node:path';
import { PacketReader } from '../src/ami/packet-reader.js';
import { parsePacket, type Packet } from '../src/ami/packet.js';

/** The bytes of an Asterisk 16.28 during one originated call: login, channels, bridge, hang-up, a command, logoff. */
export const RECORDING = readFileSync(path.join(import.meta.dirname, 'fixtures', 'asterisk-16-outbound-call.txt'));

/** Reads a stream from pieces and returns its packets, its greeting and the number of dropped packets. */
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

/** Returns the events of the recording in order. */
export const recordedEvents = (): readonly Packet[] => readPackets([RECORDING]).packets.filter((packet) => 'Event' in packet);
