import { Button, toast } from '@sluice/web-ui';
import { safeUrl } from '../model/rich-text.js';
import { texts } from '../texts.js';
import { Glyph } from './glyph.js';

/**
 * A link to an object of 1C. `e1c://…` opens the platform; a navigation link such as `e1cib/data/…` works inside 1C only, so it is copied.
 */
export function ObjectLink({ link }: { readonly link: string }) {
  const url = safeUrl(link);
  if (url !== undefined)
    return (
      <a className="cv-object" href={url} rel="noopener noreferrer">
        <Glyph name="link" small />
        {texts.openIn1c}
      </a>
    );
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(link);
      toast(texts.linkCopied);
    } catch {
      toast(texts.copyFailed, { tone: 'bad' });
    }
  };
  return (
    <Button kind="quiet" className="cv-object" onClick={() => void copy()}>
      <Glyph name="link" small />
      {texts.copyLink}
    </Button>
  );
}
