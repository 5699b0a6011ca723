import { Tooltip as Primitive } from 'radix-ui';
import type { ReactElement } from 'react';

export interface TooltipProps {
  /** Lines are separated by `\n`. An empty text shows no tooltip. */
  readonly text: string;
  readonly side?: 'top' | 'right' | 'bottom' | 'left';
  /** One element that accepts a ref. */
  readonly children: ReactElement;
}

/** Shows a text beside an element while the mouse is over it or it has the focus. The element needs an accessible name of its own. */
export function Tooltip({ text, side = 'bottom', children }: TooltipProps) {
  if (text === '') return children;
  return (
    <Primitive.Root disableHoverableContent>
      <Primitive.Trigger asChild>{children}</Primitive.Trigger>
      <Primitive.Portal>
        <Primitive.Content className="ui-tooltip" side={side} sideOffset={6} collisionPadding={8}>
          {text}
        </Primitive.Content>
      </Primitive.Portal>
    </Primitive.Root>
  );
}
