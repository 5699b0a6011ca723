import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath, pathToFileURL } from 'node:url';
import {
  CodeActionKind,
  createConnection,
  DidChangeWatchedFilesNotification,
  LSPErrorCodes,
  MessageType,
  ResponseError,
  ShowMessageNotification,
  TextDocuments,
  TextDocumentSyncKind,
  type Connection,
  type InitializeParams,
  type InitializeResult,
  type Location,
  type TextDocumentPositionParams,
  type TextEdit,
} from 'vscode-languageserver/node';
import { TextDocument } from 'vscode-languageserver-textdocument';
import type { Mention } from '@sluice/flow';
import { quickFixes } from './code-actions.js';
import { completionAt } from './completion.js';
import { diagnosticsOf, rangeOfFinding } from './diagnostics.js';
import { hoverAt, signatureHelpAt } from './hover.js';
import type { LanguageHost } from './ports.js';
import { definitionsAt, referencesAt, RenameRefused, renamedStepAt, renameStep } from './symbols.js';
import { readTestReference, RUN_TEST, testLenses, TestRuns } from './test-runs.js';
import { ClientTransport } from './transport.js';
import { LanguageWorkspace, SETTINGS_FILE, type Lint } from './workspace.js';

export interface LanguageServerOptions {
  readonly host: LanguageHost;
  readonly input: Readable;
  readonly output: Writable;
  /** Time without a change after which files are linted, in milliseconds. */
  readonly debounceMs: number;
}

/** Maximum workspaces that are open at once: one for each folder with sluice.yaml. */
const MAX_WORKSPACES = 16;

/**
 * Serves one client over a pair of streams until it sends `exit` or closes the input.
 *
 * @returns the reason why the server ended: `shutdown` as the protocol prescribes, `closed` when the client has closed the streams, or the
 * mistake in its bytes after which nothing could be read
 */
export function serveLanguage(options: LanguageServerOptions): Promise<'shutdown' | 'closed' | { readonly broken: string }> {
  return new Promise((resolve) => {
    const transport = new ClientTransport(options.input, options.output, (broken) => end({ broken }));
    const connection = createConnection(transport, transport.writer);
    const server = new LanguageServer(connection, options);
    const end = (reason: 'shutdown' | 'closed' | { readonly broken: string }) => {
      server.stop();
      resolve(reason);
    };
    transport.onClose(() => end('closed'));
    connection.onExit(() => end('shutdown'));
    connection.listen();
  });
}

/** An open document that belongs to a workspace. */
interface OpenedDocument {
  readonly workspace: LanguageWorkspace;
  readonly file: string;
  readonly document: TextDocument;
}

class LanguageServer {
  private readonly documents = new TextDocuments(TextDocument);
  private readonly workspaces = new Map<string, LanguageWorkspace>();
  /** Addresses that have diagnostics in the client. */
  private readonly published = new Map<string, Set<string>>();
  private readonly tests: TestRuns;
  private canWatch = false;

  constructor(
    private readonly connection: Connection,
    private readonly options: LanguageServerOptions,
  ) {
    this.tests = new TestRuns(options.host);
    this.listenToDocuments();
    this.listenToRequests();
  }

  stop(): void {
    this.tests.stop();
    for (const workspace of this.workspaces.values()) workspace.dispose();
  }

  private listenToDocuments(): void {
    const { connection, documents } = this;
    connection.onInitialize((params) => this.initialize(params));
    connection.onInitialized(() => {
      if (!this.canWatch) return;
      const watchers = [{ globPattern: `**/${SETTINGS_FILE}` }, { globPattern: '**/flows/**/*.{yaml,yml}' }];
      void connection.client.register(DidChangeWatchedFilesNotification.type, { watchers }).catch(() => undefined);
    });
    connection.onDidChangeWatchedFiles(() => void this.reload());
    connection.onShutdown(() => this.stop());
    documents.onDidChangeContent(({ document }) => {
      const opened = this.openedDocument(document.uri);
      if (opened?.workspace.documentOf(opened.file) === document) opened.workspace.changed();
      else opened?.workspace.open(opened.file, document);
    });
    documents.onDidClose(({ document }) => {
      const located = this.locate(document.uri);
      located?.workspace.close(located.file);
    });
    // a client that cannot watch files reports what it has saved itself
    documents.onDidSave(() => void this.reload());
    documents.listen(connection);
  }

  private listenToRequests(): void {
    const { connection } = this;
    connection.onCompletion((params) => this.answerAt(params, (opened, at) => completionAt(at, rangeIn(opened.document))));
    connection.onSignatureHelp((params) => this.answerAt(params, (_, at) => signatureHelpAt(at)));
    connection.onHover((params) =>
      this.answerAt(params, (opened, at) => hoverAt(at, findingsAt(opened, params), rangeIn(opened.document))),
    );
    connection.onDefinition((params) =>
      this.answerAt(params, ({ workspace, file }, { offset }) =>
        this.locations(workspace, definitionsAt(workspace, file, offset)),
      ),
    );
    connection.onReferences((params) =>
      this.answerAt(params, ({ workspace, file }, { offset }) =>
        this.locations(workspace, referencesAt(workspace, file, offset, params.context.includeDeclaration)),
      ),
    );
    connection.onPrepareRename((params) =>
      this.answerAt(params, ({ workspace, file, document }, { offset }) => {
        const { start, end, name } = refusing(() => renamedStepAt(workspace, file, offset));
        return { range: rangeIn(document)(start, end), placeholder: name };
      }),
    );
    connection.onRenameRequest((params) =>
      this.answerAt(params, async ({ workspace, file, document }, { offset }) => {
        // files that the client does not watch may have changed on the disk
        const { version } = document;
        await workspace.reload();
        if (this.documents.get(document.uri)?.version !== version) throw refusal('the file has changed meanwhile: try again');
        const uses = refusing(() => renameStep(workspace, file, offset, params.newName));
        const changes: Record<string, TextEdit[]> = {};
        for (const { uri, range } of this.locations(workspace, uses))
          (changes[uri] ??= []).push({ range, newText: params.newName });
        return { changes };
      }),
    );
    connection.onCodeLens(({ textDocument: { uri } }) =>
      this.answerIn(uri, ({ workspace, file, document }) => testLenses(workspace, file, uri, rangeIn(document))),
    );
    connection.onCodeAction(({ textDocument: { uri }, range }) =>
      this.answerIn(uri, (opened) => quickFixes(findingsOf(opened), range, uri)),
    );
    connection.onExecuteCommand(async ({ command, arguments: args }) => {
      const test = command === RUN_TEST ? readTestReference(args?.[0]) : undefined;
      if (!test) throw refusal(`${command} is not a command of this server, or its argument is wrong`);
      return this.answerIn(test.uri, async ({ workspace, file, document }) => {
        const { passed, report } = await this.tests.run(workspace.directory, file, test);
        const isSaved = Buffer.from(document.getText()).equals(
          Buffer.from((await readSaved(this.options.host, workspace, file)) ?? []),
        );
        const note = isSaved ? '' : '\nThe file has changes that are not saved: the test ran on the saved text.';
        const text = `${test.flow}: ${test.name}: ${passed ? 'passed' : 'FAILED'}${passed && report === '' ? '' : `\n${report}`}${note}`;
        const type = passed ? MessageType.Info : MessageType.Error;
        await connection.sendNotification(ShowMessageNotification.type, { type, message: text });
        return { passed, report };
      });
    });
  }

  private initialize({ capabilities, rootUri, workspaceFolders }: InitializeParams): InitializeResult {
    this.canWatch = capabilities.workspace?.didChangeWatchedFiles?.dynamicRegistration === true;
    const folders = workspaceFolders?.map(({ uri }) => uri) ?? (typeof rootUri === 'string' ? [rootUri] : []);
    for (const uri of folders) {
      const folder = pathOf(uri);
      if (folder !== undefined && existsSync(path.join(folder, SETTINGS_FILE))) void this.workspaceIn(folder)?.ready();
    }
    return {
      serverInfo: { name: 'sluice', version: this.options.host.version },
      capabilities: {
        textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental, save: true },
        completionProvider: { triggerCharacters: ['.', '$', ' ', ':', '{', '`'] },
        signatureHelpProvider: { triggerCharacters: ['(', ','] },
        hoverProvider: true,
        definitionProvider: true,
        referencesProvider: true,
        renameProvider: { prepareProvider: true },
        codeLensProvider: {},
        codeActionProvider: { codeActionKinds: [CodeActionKind.QuickFix] },
        executeCommandProvider: { commands: [RUN_TEST] },
      },
    };
  }

  /** Answers a request about a position; null when the document is closed or belongs to no workspace. */
  private answerAt<Answer>(
    { textDocument, position }: TextDocumentPositionParams,
    answer: (
      opened: OpenedDocument,
      at: { workspace: LanguageWorkspace; file: string; text: string; offset: number },
    ) => Answer | Promise<Answer>,
  ): Promise<Answer | null> {
    return this.answerIn(textDocument.uri, (opened) => {
      const { workspace, file, document } = opened;
      return answer(opened, { workspace, file, text: document.getText(), offset: document.offsetAt(position) });
    });
  }

  private async answerIn<Answer>(
    uri: string,
    answer: (opened: OpenedDocument) => Answer | Promise<Answer>,
  ): Promise<Answer | null> {
    const opened = this.openedDocument(uri);
    if (!opened) return null;
    await opened.workspace.ready();
    // the client may have closed the document meanwhile
    if (this.documents.get(uri) === undefined || opened.workspace.isTooLarge(opened.file)) return null;
    return answer(opened);
  }

  private openedDocument(uri: string): OpenedDocument | undefined {
    const document = this.documents.get(uri);
    const located = document && this.locate(uri);
    return located && { ...located, document };
  }

  /** Finds the workspace of a file: the nearest folder above it with sluice.yaml. */
  private locate(uri: string): Omit<OpenedDocument, 'document'> | undefined {
    const fullPath = pathOf(uri);
    if (fullPath === undefined) return undefined;
    for (let folder = path.dirname(fullPath); ; folder = path.dirname(folder)) {
      const workspace =
        this.workspaces.get(folder) ?? (existsSync(path.join(folder, SETTINGS_FILE)) ? this.workspaceIn(folder) : undefined);
      const file = workspace?.fileAt(fullPath);
      if (workspace && file !== undefined) return { workspace, file };
      if (folder === path.dirname(folder)) return undefined;
    }
  }

  private workspaceIn(directory: string): LanguageWorkspace | undefined {
    const known = this.workspaces.get(directory);
    if (known) return known;
    if (this.workspaces.size >= MAX_WORKSPACES && !this.forgetIdle()) {
      this.connection.console.error(`${directory}: ${MAX_WORKSPACES} workspaces are open already: close the files of one`);
      return undefined;
    }
    const workspace: LanguageWorkspace = new LanguageWorkspace({
      directory,
      host: this.options.host,
      debounceMs: this.options.debounceMs,
      onLint: (lint) => this.publish(workspace, lint),
      onError: (message) => this.connection.console.error(message),
    });
    this.workspaces.set(directory, workspace);
    void workspace.ready();
    return workspace;
  }

  /** Forgets a workspace without open documents, with its diagnostics. Returns false when each has one. */
  private forgetIdle(): boolean {
    const idle = [...this.workspaces.values()].find(({ hasDocuments }) => !hasDocuments);
    if (!idle) return false;
    idle.dispose();
    this.publish(idle, { findings: [], versions: new Map(), tooLarge: [] });
    this.published.delete(idle.directory);
    return this.workspaces.delete(idle.directory);
  }

  private async reload(): Promise<void> {
    await Promise.all([...this.workspaces.values()].map((workspace) => workspace.reload()));
  }

  private publish(workspace: LanguageWorkspace, lint: Lint): void {
    const before = this.published.get(workspace.directory) ?? new Set();
    const now = diagnosticsOf(lint);
    // also for each open document, because a client waits for the diagnostics of its version
    const files = new Set([...now.keys(), ...before, ...lint.versions.keys()]);
    for (const file of files) {
      const uri = this.uriOf(workspace, file);
      const version = lint.versions.get(file);
      const diagnostics = [...(now.get(file) ?? [])];
      void this.connection
        .sendDiagnostics({ uri, diagnostics, ...(version !== undefined && { version }) })
        .catch(() => undefined);
    }
    this.published.set(workspace.directory, new Set(now.keys()));
  }

  private uriOf(workspace: LanguageWorkspace, file: string): string {
    return workspace.documentOf(file)?.uri ?? pathToFileURL(path.join(workspace.directory, file)).href;
  }

  private locations(workspace: LanguageWorkspace, mentions: readonly Mention[]): Location[] {
    return mentions.flatMap(({ file, start, end }) => {
      const source = workspace.source(file);
      if (!source) return [];
      const uri = this.uriOf(workspace, file);
      const document = workspace.documentOf(file) ?? TextDocument.create(uri, 'yaml', 0, Buffer.from(source.bytes).toString());
      return [{ uri, range: rangeIn(document)(start, end) }];
    });
  }
}

function pathOf(uri: string): string | undefined {
  try {
    return uri.startsWith('file:') ? fileURLToPath(uri) : undefined;
  } catch {
    return undefined;
  }
}

function rangeIn(document: TextDocument) {
  return (start: number, end: number) => ({ start: document.positionAt(start), end: document.positionAt(end) });
}

async function readSaved(host: LanguageHost, { directory }: LanguageWorkspace, file: string): Promise<Uint8Array | undefined> {
  const { settings, flows } = await host.readFiles(directory);
  return [settings, ...flows].find((one) => one.file === file)?.bytes;
}

/** The findings of the document's own version; none while a newer one waits for its lint. */
function findingsOf({ workspace, file, document }: OpenedDocument) {
  const { lastLint } = workspace;
  if (lastLint?.versions.get(file) !== document.version) return [];
  return lastLint.findings.filter((finding) => finding.file === file);
}

function findingsAt(opened: OpenedDocument, { position: { line, character } }: TextDocumentPositionParams) {
  return findingsOf(opened).filter((finding) => {
    const { start, end } = rangeOfFinding(finding);
    return start.line === line && start.character <= character && character <= end.character;
  });
}

/** Turns the reason of a refused rename into the error of the request, which the editor shows. */
function refusing<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw error instanceof RenameRefused ? refusal(error.message) : error;
  }
}

function refusal(message: string): ResponseError {
  return new ResponseError(LSPErrorCodes.RequestFailed, message);
}
