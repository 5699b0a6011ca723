// Starts "sluice lsp" of the workspace, and passes its answers to the editor.
'use strict';
const { existsSync } = require('node:fs');
const path = require('node:path');
const vscode = require('vscode');
const { LanguageClient } = require('vscode-languageclient/node');

const BIN = path.join('node_modules', '@sluice', 'cli', 'bin', 'sluice.js');
const FILES = '**/{sluice.yaml,flows/**/*.yaml,flows/**/*.yml}';

/** @type {LanguageClient | undefined} */
let client;

/** Called by the editor when a workspace contains sluice.yaml. */
exports.activate = async (context) => {
  context.subscriptions.push(
    vscode.commands.registerCommand('sluice.restart', restart),
    vscode.workspace.onDidChangeConfiguration((event) => event.affectsConfiguration('sluice.command') && restart()),
  );
  await restart();
};

exports.deactivate = () => client?.stop();

async function restart() {
  await client?.stop();
  client = undefined;
  const folders = (vscode.workspace.workspaceFolders ?? [])
    .filter(({ uri }) => uri.scheme === 'file')
    .map(({ uri }) => uri.fsPath);
  const server = serverOf(folders);
  if (server === undefined) {
    void vscode.window.showErrorMessage(
      `Sluice: there is no ${BIN} in this workspace: run "npm install", or name the program in the setting sluice.command`,
    );
    return;
  }
  client = new LanguageClient('sluice', 'Sluice', server, { documentSelector: [{ scheme: 'file', pattern: FILES }] });
  await client.start();
}

/** Returns the command of the language server; undefined when no folder, and no folder above one, has it installed. */
function serverOf(folders) {
  const [program, ...args] = vscode.workspace.getConfiguration('sluice').get('command', []);
  const [cwd] = folders;
  if (program !== undefined) return { command: program, args, options: { cwd } };
  for (const folder of folders) {
    for (let at = folder; ; at = path.dirname(at)) {
      // the editor itself is no Node that a program can run with
      if (existsSync(path.join(at, BIN))) return { command: 'node', args: [path.join(at, BIN), 'lsp'], options: { cwd: folder } };
      if (at === path.dirname(at)) break;
    }
  }
  return undefined;
}
