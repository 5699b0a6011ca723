import { Button, Icon, IconButton } from '@sluice/web-ui';
import { useEffect, useState } from 'react';
import { isShownPicture } from '../model/pictures.js';
import { texts } from '../texts.js';
import { fileSize } from '../file-size.js';
import type { Upload } from '../client/upload-trays.js';
import type { Uploads } from './use-uploads.js';

/** The files of the next message, with their progress. */
export function UploadTray({ uploads: { uploads, retry, remove } }: { readonly uploads: Uploads }) {
  if (uploads.length === 0) return null;
  return (
    <ul className="cv-tray">
      {uploads.map((upload) => (
        <li key={upload.key} className="cv-upload" data-failed={upload.failure !== undefined}>
          <Preview file={upload.file} />
          <span className="cv-file-texts">
            <bdi className="cv-file-name">{upload.file.name}</bdi>
            <Status upload={upload} onRetry={() => retry(upload.key)} />
          </span>
          <IconButton icon="close" label={`${texts.removeFile}: ${upload.file.name}`} onClick={() => remove(upload.key)} />
        </li>
      ))}
    </ul>
  );
}

function Status({ upload, onRetry }: { readonly upload: Upload; readonly onRetry: () => void }) {
  if (upload.failure !== undefined)
    return (
      <span className="cv-upload-failure" role="alert">
        {upload.failure}
        {!upload.isFinal && (
          <Button kind="quiet" onClick={onRetry}>
            {texts.retry}
          </Button>
        )}
      </span>
    );
  if (upload.attachment) return <span className="cv-file-size">{fileSize(upload.attachment.bytes)}</span>;
  return (
    <progress className="cv-progress" max={1} value={upload.progress} aria-label={`${texts.uploading}: ${upload.file.name}`} />
  );
}

function Preview({ file }: { readonly file: File }) {
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    if (!isShownPicture(file.type)) return;
    const made = URL.createObjectURL(file);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [file]);
  return url === undefined ? <Icon name="file" /> : <img className="cv-thumb" src={url} alt="" />;
}
