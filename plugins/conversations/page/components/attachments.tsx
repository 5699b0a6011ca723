import { Button, Dialog, Icon, Skeleton, errorText, toast } from '@sluice/web-ui';
import { useState } from 'react';
import { isShownPicture } from '../model/pictures.js';
import { plainName } from '../model/people-names.js';
import type { Attachment } from '../model/shapes.js';
import { errors, texts } from '../texts.js';
import { useAttachmentUrl, useChat } from './context.js';
import { fileSize } from '../file-size.js';
import { GlyphButton } from './glyph.js';

/** The attachments of a message: pictures in place, other files with a button that saves them. */
export function Attachments({ attachments }: { readonly attachments: readonly Attachment[] }) {
  const shown = attachments.filter(({ isShown }) => isShown);
  const pictures = shown.filter(({ type }) => isShownPicture(type));
  const files = shown.filter(({ type }) => !isShownPicture(type));
  return (
    <>
      {pictures.length > 0 && (
        <div className="cv-pictures">
          {pictures.map((one) => (
            <Picture key={one.id} attachment={one} />
          ))}
        </div>
      )}
      {files.map((one) => (
        <FileRow key={one.id} attachment={one} />
      ))}
    </>
  );
}

function Picture({ attachment }: { readonly attachment: Attachment }) {
  const url = useAttachmentUrl(attachment.id);
  const [isOpen, setOpen] = useState(false);
  const name = plainName(attachment.name);
  return (
    <>
      <button type="button" className="cv-picture" aria-label={`${texts.openPicture}: ${name}`} onClick={() => setOpen(true)}>
        {url === undefined ? <Skeleton height="180px" width="240px" /> : <img src={url} alt={name} />}
      </button>
      <Dialog open={isOpen} wide title={name} onClose={() => setOpen(false)} footer={<SaveButton attachment={attachment} />}>
        {url !== undefined && <img className="cv-picture-full" src={url} alt={name} />}
      </Dialog>
    </>
  );
}

function FileRow({ attachment }: { readonly attachment: Attachment }) {
  const { isSaving, save } = useSave(attachment);
  const name = plainName(attachment.name);
  return (
    <div className="cv-file">
      <Icon name="file" />
      <span className="cv-file-texts">
        <bdi className="cv-file-name">{name}</bdi>
        <span className="cv-file-size">{fileSize(attachment.bytes)}</span>
      </span>
      <GlyphButton glyph="download" label={`${texts.download}: ${name}`} busy={isSaving} onClick={() => void save()} />
    </div>
  );
}

function SaveButton({ attachment }: { readonly attachment: Attachment }) {
  const { isSaving, save } = useSave(attachment);
  return (
    <Button busy={isSaving} onClick={() => void save()}>
      {texts.download}
    </Button>
  );
}

function useSave({ id, name }: Attachment) {
  const { api } = useChat();
  const [isSaving, setSaving] = useState(false);
  const save = async () => {
    setSaving(true);
    try {
      const url = URL.createObjectURL(await api.attachment(id));
      const link = document.createElement('a');
      link.href = url;
      link.download = plainName(name) || 'file';
      link.click();
      // the browser has taken the address over by the next task
      setTimeout(() => URL.revokeObjectURL(url));
    } catch (error) {
      toast(errorText(error, errors), { tone: 'bad' });
    } finally {
      setSaving(false);
    }
  };
  return { isSaving, save };
}
