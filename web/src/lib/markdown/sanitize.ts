/* The second wall behind the renderer: whatever HTML comes out of it, only these elements and attributes
 * reach the page. */
import createPurify, { type DOMPurify } from 'dompurify';
import { safeImage, safeLink } from './renderer';

const TAGS = [
  'a', 'p', 'br', 'hr', 'strong', 'em', 'del', 'code', 'pre', 'blockquote', 'ul', 'ol', 'li', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6',
  'table', 'thead', 'tbody', 'tr', 'th', 'td', 'img', 'div', 'span',
];
const ATTRIBUTES = ['href', 'target', 'rel', 'src', 'alt', 'class', 'align', 'start', 'data-language'];
const CLASSES = /^(?:code|table-scroll|task|h[1-6]|hljs-[\w-]+|language-[\w-]+|\w+_)$/;

function guard(element: Element): void {
  if (element.hasAttribute('class')) {
    const kept = [...element.classList].filter((name) => CLASSES.test(name));
    if (kept.length > 0) element.setAttribute('class', kept.join(' '));
    else element.removeAttribute('class');
  }
  if (element.tagName === 'IMG' && !safeImage(element.getAttribute('src') ?? '')) element.remove();
  if (element.tagName !== 'A') return;
  if (safeLink(element.getAttribute('href') ?? '') === null) element.removeAttribute('href');
  element.setAttribute('target', '_blank');
  element.setAttribute('rel', 'noopener noreferrer');
}

let purify: DOMPurify | null = null;

function purifier(): DOMPurify {
  if (purify) return purify;
  purify = createPurify(window);
  purify.addHook('afterSanitizeAttributes', guard);
  return purify;
}

export function sanitize(html: string): DocumentFragment {
  return purifier().sanitize(html, {
    ALLOWED_TAGS: TAGS,
    ALLOWED_ATTR: ATTRIBUTES,
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    RETURN_DOM_FRAGMENT: true,
  });
}
