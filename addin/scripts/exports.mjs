// Checks the exports of the built libraries and the libraries that they need.
import { run } from '../../scripts/lib/run.mjs';

const EXPORTS = ['DestroyObject', 'GetAttachType', 'GetClassNames', 'GetClassObject', 'SetPlatformCapabilities'];
/** Libraries of every Windows since 7. */
const SYSTEM_DLLS = ['advapi32.dll', 'crypt32.dll', 'kernel32.dll', 'msvcrt.dll', 'secur32.dll', 'ws2_32.dll', 'user32.dll'];
/** Libraries of every Linux; libstdc++ and OpenSSL may be missing or have another version. */
const SYSTEM_LIBRARIES = ['libc.so.6', 'libm.so.6', 'libdl.so.2', 'libpthread.so.0', 'ld-linux-x86-64.so.2'];

/** @returns {Promise<string[]>} problems of a library */
export async function checkLibrary(file) {
  return file.endsWith('.dll') ? checkDll(file) : checkSharedObject(file);
}

async function checkSharedObject(file) {
  const symbols = await read(['nm', '-D', '--defined-only', file]);
  const exported = [...symbols.matchAll(/ [A-Z] (\S+)$/gm)].map((match) => match[1]);
  const dynamic = await read(['objdump', '-p', file]);
  const needed = [...dynamic.matchAll(/^\s+NEEDED\s+(\S+)$/gm)].map((match) => match[1]);
  return [...compare(file, exported), ...strange(file, needed, SYSTEM_LIBRARIES)];
}

async function checkDll(file) {
  const text = await read(['x86_64-w64-mingw32-objdump', '-p', file]);
  const table = text.slice(text.indexOf('[Ordinal/Name Pointer] Table'));
  const exported = [...table.matchAll(/^\s*\[\s*\d+\]\s+(?:\+base\[\s*\d+\]\s+[0-9a-f]+\s+)?(\S+)$/gm)].map((match) => match[1]);
  const needed = [...text.matchAll(/DLL Name: (\S+)/g)].map((match) => match[1].toLowerCase());
  return [...compare(file, exported), ...strange(file, needed, SYSTEM_DLLS)];
}

function compare(file, exported) {
  const found = [...new Set(exported)].sort().join(', ');
  return found === EXPORTS.join(', ') ? [] : [`${file} exports ${found}; the platform expects ${EXPORTS.join(', ')}`];
}

function strange(file, needed, known) {
  const others = needed.filter((name) => !known.includes(name));
  return others.length === 0 ? [] : [`${file} needs ${others.join(', ')}, which a client's machine may not have`];
}

async function read(command) {
  const { code, output } = await run(command, { quiet: true });
  if (code !== 0) throw new Error(`${command.join(' ')} failed: ${output}`);
  return output;
}
