// Terminates TLS in front of a test server, with a new certificate for "localhost".
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { run } from '../../scripts/lib/run.mjs';
import { freePort } from './free-port.mjs';

/** @returns {Promise<{ variable: string, stop: () => void }>} the value of SLUICE_TEST_TLS */
export async function startTlsProxy() {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-addin-'));
  await makeCertificates(folder);
  const behind = await freePort();
  const server = createTlsServer(
    { key: readFileSync(join(folder, 'server.key')), cert: readFileSync(join(folder, 'server.pem')) },
    (client) => {
      const target = connect(behind, '127.0.0.1');
      client.pipe(target).pipe(client);
      // tests break connections in every way
      for (const [one, other] of [
        [client, target],
        [target, client],
      ]) {
        one.on('error', () => other.destroy());
        one.on('close', () => other.destroy());
      }
    },
  );
  server.on('tlsClientError', () => {});
  await new Promise((resolve) => server.listen(0, 'localhost', resolve));
  return {
    variable: `${server.address().port} ${behind} ${join(folder, 'ca.pem')}`,
    stop: () => {
      server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Creates an authority and a server certificate that it signs. */
async function makeCertificates(folder) {
  const key = ['-newkey', 'rsa:2048', '-nodes', '-days', '2'];
  const openssl = async (...args) => {
    const { code, output } = await run(['openssl', ...args], { quiet: true });
    if (code !== 0) throw new Error(`openssl failed: ${output}`);
  };
  const file = (name) => join(folder, name);
  await openssl('req', '-x509', ...key, '-subj', '/CN=Sluice test authority', '-keyout', file('ca.key'), '-out', file('ca.pem'));
  await openssl(
    ...['req', '-x509', ...key, '-subj', '/CN=localhost', '-CA', file('ca.pem'), '-CAkey', file('ca.key')],
    ...['-addext', 'subjectAltName=DNS:localhost', '-addext', 'basicConstraints=CA:FALSE'],
    ...['-keyout', file('server.key'), '-out', file('server.pem')],
  );
}
