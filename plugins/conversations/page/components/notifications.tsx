import { keyStore, toast } from '@sluice/web-ui';
import { useState } from 'react';
import type { Discussion, Message } from '../model/shapes.js';
import { isMuted, mentions } from '../model/discussion-list.js';
import { plainName } from '../model/people-names.js';
import icon from '../icon.svg';
import { texts } from '../texts.js';

const KEY = 'sluice.conversations.notifications';
const stored = keyStore('local');
const isPossible = 'Notification' in globalThis;

function isOn(): boolean {
  return isPossible && Notification.permission === 'granted' && stored.get(KEY) === 'on';
}

/** Turns notifications of the browser on and off. The browser asks the user only after a press on the menu item. */
export function useNotifications() {
  const [on, setOn] = useState(isOn);
  return {
    isPossible,
    isOn: on,
    turn: async (next: boolean) => {
      stored.set(KEY, next ? 'on' : 'off');
      if (next && (await Notification.requestPermission()) !== 'granted') {
        stored.set(KEY, 'off');
        toast(texts.notifyBlocked, { tone: 'bad' });
      } else if (next) toast(texts.notifyOn);
      setOn(isOn());
    },
  };
}

interface Notice {
  readonly message: Message;
  readonly discussion: Discussion;
  readonly me: string;
  readonly author: string;
  readonly title: string;
  readonly onOpen: () => void;
}

/** Shows a notification of the browser for a new message while the user looks elsewhere. A muted discussion notifies of mentions only. */
export function notify({ message, discussion, me, author, title, onOpen }: Notice): void {
  if (!isOn() || (document.visibilityState === 'visible' && document.hasFocus())) return;
  if (isMuted(discussion, Date.now()) && !mentions(message, me)) return;
  const notification = new Notification([author, title].filter(Boolean).join(' · '), {
    body: plainName(message.text).slice(0, 200) || texts.file,
    tag: discussion.id,
    icon,
  });
  notification.onclick = () => {
    window.focus();
    notification.close();
    onOpen();
  };
}
