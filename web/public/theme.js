/* Runs before the first paint, so that nobody sees a flash of the wrong theme or language. */
(function () {
  var root = document.documentElement;
  var theme = null;
  var locale = null;
  try {
    theme = localStorage.getItem('mai.theme');
    locale = localStorage.getItem('mai.locale');
  } catch (e) {
    /* storage may be refused; the system's choice is used */
  }
  if (theme !== 'light' && theme !== 'dark') theme = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
  root.dataset.theme = theme;
  root.lang = (locale || navigator.language.slice(0, 2)) === 'pl' ? 'pl' : 'en';
})();
