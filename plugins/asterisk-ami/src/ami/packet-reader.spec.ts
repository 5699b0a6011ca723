import { describe, expect, it } from '@jest/globals';
import { readPackets, RECORDING } from '../../test/recording.js';

const GREETING = 'Asterisk Call Manager/5.0.4\r\n';
const stream = (text: string) => readPackets([Buffer.from(GREETING + text)]);

describe('the reader of packets', () => {
  it('reads the packets of a recorded Asterisk 16', () => {
    const { packets, banners } = readPackets([RECORDING]);
    expect(banners).toEqual(['Asterisk Call Manager/5.0.4']);
    expect(packets).toHaveLength(104);
    expect(packets[0]).toEqual({ Response: 'Success', ActionID: '1', Message: 'Authentication accepted' });
    expect(packets[41]).toMatchObject({
      Event: 'DialBegin',
      CallerIDNum: '79161234567',
      CallerIDName: 'Иванов Пётр',
      DestExten: '201',
    });
    expect(packets[100]).toMatchObject({
      Response: 'Success',
      Output: [expect.any(String), '0 active channels', '0 active calls', '3 calls processed'],
    });
    expect(packets[103]).toMatchObject({ Response: 'Goodbye' });
  });

  it('reads the same packets from segments of any size', () => {
    const whole = readPackets([RECORDING]);
    const one = [...RECORDING].map((byte) => Buffer.from([byte]));
    expect(readPackets(one)).toEqual(whole);
    // a login, an event and half of another one, split at each byte in turn
    const part = RECORDING.subarray(0, 1_200);
    const expected = readPackets([part]);
    for (let at = 1; at < part.length; at++) expect(readPackets([part.subarray(0, at), part.subarray(at)])).toEqual(expected);
  });

  it('accepts lines that end with LF alone', () => {
    expect(stream('Event: A\nKey: 1\n\nEvent: B\r\n\r\n').packets).toEqual([{ Event: 'A', Key: '1' }, { Event: 'B' }]);
  });

  it('keeps all values of a repeated key, and channel variables by name', () => {
    const { packets } = stream(
      'Event: A\r\nState: 1\r\nState: 2\r\nChanVariable: CRM=7\r\nChanVariable(SIP/1): N=a=b\r\nDestChanVariable: X=\r\n\r\n',
    );
    expect(packets).toEqual([
      { Event: 'A', State: ['1', '2'], ChanVariable: { CRM: '7', N: 'a=b' }, DestChanVariable: { X: '' } },
    ]);
  });

  it('reads the raw output of older exchanges with its blank lines', () => {
    const { packets } = stream(
      'Response: Follows\r\nPrivilege: Command\r\nActionID: 7\r\nName  State\n\n0 channels\n--END COMMAND--\r\n\r\nEvent: A\r\n\r\n',
    );
    expect(packets).toEqual([
      { Response: 'Success', Privilege: 'Command', ActionID: '7', Output: ['Name  State', '', '0 channels'] },
      { Event: 'A' },
    ]);
  });

  it('drops and counts packets that are too long, and reads the next one completely', () => {
    const long = `Event: A\r\nX: ${'x'.repeat(5_000)}\r\n\r\n`;
    const { packets, oversized } = readPackets([Buffer.from(`${GREETING}${long}Event: B\r\n\r\n`)].flatMap(halves), 1_000);
    expect([packets, oversized]).toEqual([[{ Event: 'B' }], 1]);
  });

  it('ignores lines without a colon or a name, and sets no property of JavaScript objects', () => {
    const { packets } = stream('Event: A\r\nnonsense\r\n: x\r\n__proto__: y\r\nconstructor: z\r\n\r\n');
    expect(JSON.stringify(packets)).toBe('[{"Event":"A","constructor":"z"}]');
  });
});

function halves(bytes: Buffer): Buffer[] {
  const middle = bytes.length >> 1;
  return [bytes.subarray(0, middle), bytes.subarray(middle)];
}
