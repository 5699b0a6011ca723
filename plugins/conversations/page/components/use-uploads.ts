import { errorText, newUuid, toast } from '@sluice/web-ui';
import { useCallback, useEffect, useRef, useState } from 'react';
import type { Attachment } from '../model/shapes.js';
import { scalePicture } from '../client/scale-picture.js';
import { errors, texts } from '../texts.js';
import { useChat } from './context.js';
import { fileSize } from './file-size.js';

/** As `MAX_ATTACHMENTS` of the contract. */
const MAX_FILES = 10;

export interface Upload {
  readonly key: string;
  readonly file: File;
  /** Sent part, from 0 to 1. */
  readonly progress: number;
  readonly attachment?: Attachment;
  readonly failure?: string;
}

export interface Uploads {
  readonly uploads: readonly Upload[];
  readonly isBusy: boolean;
  readonly attachments: readonly Attachment[];
  readonly add: (files: Iterable<File>) => void;
  readonly retry: (key: string) => void;
  readonly remove: (key: string) => void;
  readonly clear: () => void;
}

/** The files that will be attached to the next message. They are sent to the server at once, so that the message itself is small. */
export function useUploads(): Uploads {
  const { api, me } = useChat();
  const [uploads, setUploads] = useState<readonly Upload[]>([]);
  const running = useRef(new Map<string, AbortController>());
  useEffect(() => {
    const all = running.current;
    return () => {
      for (const one of all.values()) one.abort();
    };
  }, []);

  const change = useCallback((key: string, next: Partial<Upload>) => {
    setUploads((now) => now.map((one) => (one.key === key ? { ...one, ...next } : one)));
  }, []);

  const send = useCallback(
    async (key: string, file: File) => {
      const abort = new AbortController();
      running.current.set(key, abort);
      try {
        const scaled = await scalePicture(file);
        if (scaled.size > me.limits.attachmentBytes) {
          return change(key, { failure: `${texts.tooLarge} ${fileSize(me.limits.attachmentBytes)}` });
        }
        const attachment = await api.upload(scaled, file.name || 'file', (progress) => change(key, { progress }), abort.signal);
        change(key, { attachment, progress: 1 });
      } catch (error) {
        if (!abort.signal.aborted) change(key, { failure: errorText(error, errors) });
      } finally {
        running.current.delete(key);
      }
    },
    [api, change, me],
  );

  const remove = (key: string) => {
    running.current.get(key)?.abort();
    setUploads((now) => now.filter((one) => one.key !== key));
  };

  return {
    uploads,
    isBusy: uploads.some(({ attachment, failure }) => !attachment && failure === undefined),
    attachments: uploads.flatMap(({ attachment }) => attachment ?? []),
    add: (files) => {
      const room = MAX_FILES - uploads.length;
      const all = [...files];
      if (all.length > room) toast(texts.tooMany, { tone: 'bad' });
      const added = all.slice(0, Math.max(0, room)).map((file) => ({ key: newUuid(), file, progress: 0 }));
      setUploads((now) => [...now, ...added]);
      for (const { key, file } of added) void send(key, file);
    },
    retry: (key) => {
      const upload = uploads.find((one) => one.key === key);
      if (!upload) return;
      setUploads((now) => now.map((one) => (one.key === key ? { key, file: one.file, progress: 0 } : one)));
      void send(key, upload.file);
    },
    remove,
    clear: () => setUploads([]),
  };
}
