import { connect } from 'node:net';
import type { IStompSocket } from '@stomp/stompjs';

/** Connects @stomp/stompjs over TCP, as its guide does: https://stomp-js.github.io/guide/stompjs/rx-stomp/using-stomp-with-sockjs.html */
export function tcpWrapper(port: number): IStompSocket {
  const socket = connect(port, '127.0.0.1');
  const wrapper: IStompSocket & { readyState: number } = {
    url: `tcp://127.0.0.1:${port}`,
    readyState: 0,
    binaryType: 'arraybuffer',
    onopen: null,
    onmessage: null,
    onclose: null,
    onerror: null,
    send: (data: string | ArrayBuffer) => socket.write(typeof data === 'string' ? data : new Uint8Array(data)),
    close: () => socket.end(),
  };
  socket.on('connect', () => {
    wrapper.readyState = 1;
    wrapper.onopen?.({});
  });
  socket.on('data', (data: Buffer) => void wrapper.onmessage?.({ data: new Uint8Array(data).buffer }));
  socket.on('error', () => {});
  socket.on('close', () => {
    wrapper.readyState = 3;
    wrapper.onclose?.({});
  });
  return wrapper;
}
