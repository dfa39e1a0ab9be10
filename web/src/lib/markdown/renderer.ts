/* HTML of markdown tokens. Raw HTML of a model is shown as text, pictures from elsewhere become links
 * (nothing is fetched from a place a model names), and links lead only to the web or to mail. */
import type { MarkedExtension, Tokens } from 'marked';

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => ENTITIES[c]!);
}

export function safeLink(href: string): string | null {
  try {
    const url = new URL(href);
    return ['http:', 'https:', 'mailto:'].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

export function safeImage(href: string): boolean {
  return /^data:image\/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]+$/.test(href);
}

function link(href: string, inner: string): string {
  const url = safeLink(href);
  if (url === null) return inner;
  return `<a href="${escapeHtml(url)}" target="_blank" rel="noopener noreferrer">${inner}</a>`;
}

export function languageOf(info: string | undefined): string {
  return (info ?? '').trim().split(/\s+/)[0]!.replace(/[^\w+#.-]/g, '').slice(0, 30).toLowerCase();
}

export const options: MarkedExtension = {
  gfm: true,
  breaks: true,
  renderer: {
    html({ text }: Tokens.HTML | Tokens.Tag): string {
      return /^\s*<br\s*\/?>\s*$/i.test(text) ? '<br>' : escapeHtml(text);
    },
    link({ href, tokens }: Tokens.Link): string {
      return link(href, this.parser.parseInline(tokens));
    },
    /* An answer stands under its own heading of level two, and models skip levels as they like: all of
     * theirs are level three, and the size stays what was meant. */
    heading({ tokens, depth }: Tokens.Heading): string {
      return `<h3 class="h${depth}">${this.parser.parseInline(tokens)}</h3>`;
    },
    image({ href, text }: Tokens.Image): string {
      const alt = escapeHtml(text);
      if (safeImage(href)) return `<img src="${escapeHtml(href)}" alt="${alt}">`;
      const shown = alt || escapeHtml(href.slice(0, 80));
      return link(href, shown);
    },
    code({ text, lang }: Tokens.Code): string {
      const language = languageOf(lang);
      return `<div class="code" data-language="${language}"><pre><code>${escapeHtml(text)}\n</code></pre></div>`;
    },
    table(token: Tokens.Table): string {
      const cell = (c: Tokens.TableCell): string => {
        const tag = c.header ? 'th' : 'td';
        const align = c.align ? ` align="${c.align}"` : '';
        return `<${tag}${align}>${this.parser.parseInline(c.tokens)}</${tag}>`;
      };
      const row = (cells: Tokens.TableCell[]): string => `<tr>${cells.map(cell).join('')}</tr>`;
      const body = token.rows.map(row).join('');
      return `<div class="table-scroll"><table><thead>${row(token.header)}</thead><tbody>${body}</tbody></table></div>`;
    },
    checkbox({ checked }: Tokens.Checkbox): string {
      return `<span class="task">${checked ? '☑' : '☐'}</span> `;
    },
  },
};
