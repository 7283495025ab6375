// The browser's own time zone stands first in lists of time zones. Without it the lists are whole, too.
for (const list of document.querySelectorAll("select[data-own-zone]")) {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const option = [...list.options].find((one) => one.value === own);
  const first = list.querySelector("optgroup");
  if (option && option.parentElement !== first) {
    const { value } = list;
    first.prepend(option);
    list.value = value;
  }
}
