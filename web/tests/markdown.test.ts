// @vitest-environment jsdom
import { describe, expect, it } from 'vitest';
import { BlockStream, parseBlocks } from '../src/lib/markdown/blocks';
import { repairTail } from '../src/lib/markdown/repair';
import { sanitize } from '../src/lib/markdown/sanitize';

function render(text: string): HTMLElement {
  const root = document.createElement('div');
  for (const block of parseBlocks(text)) root.append(sanitize(block.html));
  return root;
}

function stream(text: string, step: number): string {
  const blocks = new BlockStream();
  for (let at = step; at < text.length; at += step) blocks.update(text.slice(0, at));
  return blocks.update(text).map((block) => block.html).join('');
}

const HOSTILE = [
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '<svg onload=alert(1)><script>alert(1)</script></svg>',
  '<iframe src="javascript:alert(1)"></iframe>',
  '<a href="javascript:alert(1)">x</a>',
  '[x](javascript:alert(1))',
  '[x](JaVaScRiPt:alert(1))',
  '[x](  javascript:alert(1))',
  '[x](java\nscript:alert(1))',
  '[x](&#106;avascript:alert(1))',
  '[x](data:text/html,<script>alert(1)</script>)',
  '[x](vbscript:msgbox(1))',
  '[x](file:///etc/passwd)',
  '![x](javascript:alert(1))',
  '![x](data:text/html;base64,PHNjcmlwdD4=)',
  '![x](data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+)',
  '![x](https://evil.example/pixel.png)',
  '![x](//evil.example/pixel.png)',
  '<style>body{background:url(https://evil.example)}</style>',
  '<link rel=stylesheet href=https://evil.example>',
  '<form action=https://evil.example><input name=p><button>go</button></form>',
  '<div style="position:fixed;inset:0">cover</div>',
  '<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>',
  '```html\n<script>alert(1)</script>\n```',
  '```"><img src=x onerror=alert(1)>\ncode\n```',
  '`<img src=x onerror=alert(1)>`',
  '| <img src=x onerror=alert(1)> | b |\n|---|---|\n| <script>alert(1)</script> | [x](javascript:1) |',
  '- [ ] <input onfocus=alert(1) autofocus>',
  '> <body onload=alert(1)>',
  '# <base href=https://evil.example>',
  '<https://evil.example/"onmouseover="alert(1)>',
  '[x](https://a.example "\\" onmouseover=alert(1) x=\\"")',
  '[x]: javascript:alert(1)\n\n[x]',
  '<meta http-equiv=refresh content="0;url=https://evil.example">',
  '<object data=x></object><embed src=x>',
  '<a id=location name=cookie>clobber</a>',
];

const ALLOWED = new Set(
  'a p br hr strong em del code pre blockquote ul ol li h1 h2 h3 h4 h5 h6 table thead tbody tr th td img div span'.split(' '),
);

describe('text of a model', () => {
  it.each(HOSTILE)('runs and fetches nothing: %s', (text) => {
    const root = render(text);
    for (const element of root.querySelectorAll('*')) {
      expect(ALLOWED.has(element.localName)).toBe(true);
      for (const { name, value } of element.attributes) {
        expect(['href', 'target', 'rel', 'src', 'alt', 'class', 'align', 'start', 'data-language']).toContain(name);
        if (name === 'href') expect(value).toMatch(/^(https?|mailto):/);
        if (name === 'src') expect(value).toMatch(/^data:image\/(png|jpeg|gif|webp);base64,/);
      }
      if (element.localName === 'a') {
        expect(element.getAttribute('rel')).toBe('noopener noreferrer');
        expect(element.getAttribute('target')).toBe('_blank');
      }
    }
  });

  it.each(HOSTILE)('sanitizer alone, without the renderer: %s', (text) => {
    const root = document.createElement('div');
    root.append(sanitize(text));
    expect(root.querySelector('script, style, iframe, object, embed, form, input, link, meta, base, svg')).toBeNull();
    for (const element of root.querySelectorAll('*')) {
      for (const { name } of element.attributes) expect(name).not.toMatch(/^on|^style$|^id$|^name$/);
    }
  });

  it('shows raw HTML as text', () => {
    expect(render('a <b>bold</b> word').textContent?.trim()).toBe('a <b>bold</b> word');
  });

  it('shows pictures from elsewhere as links', () => {
    const root = render('![a cat](https://pics.example/cat.png)');
    expect(root.querySelector('img')).toBeNull();
    expect(root.querySelector('a')?.getAttribute('href')).toBe('https://pics.example/cat.png');
    expect(root.querySelector('a')?.textContent).toBe('a cat');
  });

  it('shows pictures that came along', () => {
    expect(render('![dot](data:image/png;base64,iVBORw0KGgo=)').querySelector('img')?.getAttribute('alt')).toBe('dot');
  });

  it('draws what markdown has', () => {
    const root = render('# T\n\n- [x] done\n- two\n\n| a | b |\n|:-|-:|\n| 1 | 2 |\n\n```py\nx = 1\n```\n\n**b** *i* ~~s~~ `c`');
    expect(root.querySelector('h3.h1')?.textContent).toBe('T');
    expect(root.querySelectorAll('li')).toHaveLength(2);
    expect(root.querySelector('td[align=right]')?.textContent).toBe('2');
    expect(root.querySelector('.code')?.getAttribute('data-language')).toBe('py');
    expect(root.querySelector('.code code')?.textContent).toBe('x = 1\n');
    expect(root.querySelector('strong')?.textContent).toBe('b');
  });
});

const LONG = [
  '# Heading\n\nA paragraph with **bold** and a [link](https://a.example).\n\n',
  '- one\n- two\n\n  still two\n\n- three\n\nAfter the list.\n\n',
  '1. a\n2. b\n\n   ```js\n   let x = 1;\n\n   let y = 2;\n   ```\n\n3. c\n\n',
  '```python\ndef f():\n\n    return "**not bold**"\n```\n\n> quote\n> more\n\n',
  '| a | b |\n| - | - |\n| 1 | 2 |\n\nSetext\n======\n\n---\n\nEnd with `code` and https://b.example.\n',
].join('');

describe('a stream', () => {
  it.each([1, 2, 3, 7, 16, 50])('in steps of %i ends as the whole text does', (step) => {
    expect(stream(LONG, step)).toBe(parseBlocks(LONG).map((block) => block.html).join(''));
  });

  it('keeps finished blocks', () => {
    const blocks = new BlockStream();
    const first = blocks.update('First paragraph, which is long.\n\nSecond paragraph, which is long too')[0];
    expect(blocks.update('First paragraph, which is long.\n\nSecond paragraph, which is long too.\n\nThird')[0]).toBe(first);
  });

  it('does only the work of its tail', () => {
    const blocks = new BlockStream();
    let text = '';
    const began = performance.now();
    for (let i = 0; i < 1500; i++) {
      text += `Paragraph number ${i} with some words in it.\n\n`;
      blocks.update(text);
    }
    expect(performance.now() - began).toBeLessThan(4000);
  });
});

describe('half-written markup', () => {
  it.each([
    ['a **bo', 'a **bo**'],
    ['a **bold**', 'a **bold**'],
    ['a `co', 'a `co`'],
    ['a *it', 'a *it*'],
    ['2 * 3', '2 * 3'],
    ['a [link](https://exa', 'a link'],
    ['a [lin', 'a lin'],
    ['- a **b', '- a **b**'],
    ['```\na **b', '```\na **b'],
    ['done', 'done'],
    ['a **', 'a '],
  ])('%s', (text, want) => expect(repairTail(text)).toBe(want));
});
