import { toast } from '@sluice/web-ui';
import { useSyncExternalStore } from 'react';
import type { Upload } from '../client/upload-trays.js';
import type { Attachment } from '../model/shapes.js';
import { texts } from '../texts.js';
import { useChat } from './context.js';

export interface Uploads {
  readonly uploads: readonly Upload[];
  readonly isBusy: boolean;
  readonly attachments: readonly Attachment[];
  readonly add: (files: Iterable<File>) => void;
  readonly retry: (key: string) => void;
  readonly remove: (key: string) => void;
  readonly clear: () => void;
}

/** The files that will be attached to the next message of a discussion. */
export function useUploads(discussion: string): Uploads {
  const { uploads: trays } = useChat();
  const uploads = useSyncExternalStore(trays.subscribe, () => trays.of(discussion));
  return {
    uploads,
    isBusy: uploads.some(({ attachment, failure }) => !attachment && failure === undefined),
    attachments: uploads.flatMap(({ attachment }) => attachment ?? []),
    add: (files) => {
      if (!trays.add(discussion, files)) toast(texts.tooMany, { tone: 'bad' });
    },
    retry: (key) => trays.retry(discussion, key),
    remove: (key) => trays.remove(discussion, key),
    clear: () => trays.clear(discussion),
  };
}
