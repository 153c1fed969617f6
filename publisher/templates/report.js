"use strict";
// Everything from the run reaches the page through textContent: a name can hold markup, and stays a name.
(() => {
  const PAGE = 50;
  const PAPER = 200;
  const OPTIONS = 400;
  const words = JSON.parse(document.getElementById("words").textContent);
  const block = document.getElementById("findings");
  const all = JSON.parse(block.textContent);
  block.remove(); // The text is no longer needed, and may be large.

  const SEVERITY = { high: 0, medium: 1, low: 2, info: 3 };
  const KIND = Object.fromEntries(words.kind_order.map((kind, index) => [kind, index]));
  const SIDES = [["live", "Live in AWS"], ["registered", "Source register"], ["published", "Central register"]];
  const AUTHORITY = {
    config_service: "AWS Config", source_register: "the source register",
    last_published: "what was published last", bestand: "bestand",
  };
  const SIDE_OF = { config_service: "live", source_register: "registered", last_published: "published" };
  const number = (value) => value.toLocaleString("en-GB");
  const form = document.getElementById("filters");
  const table = document.getElementById("table");
  const body = table.tBodies[0];
  const pager = document.getElementById("pager");

  const state = { rows: all, page: 0, column: "severity", descending: false, open: new Set(), paper: false };

  // Characters that would turn or hide the text around them are shown as what they are.
  const HIDING = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;
  const visible = (text) => String(text).replace(HIDING, (character) =>
    "\u27e8U+" + character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0") + "\u27e9");

  function make(name, className, text) {
    const element = document.createElement(name);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = visible(text);
    return element;
  }

  const said = (value) => {
    if (value === undefined) return "says nothing";
    if (value === null) return "says: none";
    if (typeof value === "string") return value === "" ? "(empty text)" : value;
    return JSON.stringify(value, null, typeof value === "object" ? 1 : 0);
  };
  const short = (value) => {
    const text = value === null ? "none" : typeof value === "string" ? value : JSON.stringify(value);
    return text.length > 90 ? text.slice(0, 90) + "\u2026" : text;
  };
  const title = (row) => row.name || row.resource_id || row.arn || row.asset_id || row.evidence?.row_key || row.finding_id;
  const known = (of, id) => (Object.hasOwn(of, id) ? of[id] : "");
  const accountName = (id) => known(words.accounts, id);
  const kindLabel = (kind) => (Object.hasOwn(words.kinds, kind) ? words.kinds[kind][0] : kind);

  function difference(row) {
    const values = SIDES.filter(([side]) => row[side] !== undefined);
    if (!row.attribute && values.length === 0) {
      if (typeof row.evidence?.reason === "string") return short(row.evidence.reason);
      const told = Object.entries(row.evidence || {}).slice(0, 3).map(([key, value]) => key.replaceAll("_", " ") + ": " + short(value));
      if (told.length === 0 && row.asset_id) told.push("source register: " + row.asset_id);
      return told.join(", ");
    }
    const names = { live: "live", registered: "source", published: "central" };
    const told = values.map(([side]) => names[side] + " " + short(row[side])).join(", ");
    if (row.kind === "non_compliant" && typeof row.evidence?.problem === "string") {
      const problem = row.evidence.problem.replaceAll("_", " ");
      return row.attribute + ": " + problem + (problem === "missing" ? "" : ", " + told) + " (" + short(row.evidence.requirement) + ")";
    }
    return (row.attribute || "value") + (told ? ": " + told : "");
  }

  // Columns: key, head, what it sorts by.
  const COLUMNS = [
    ["severity", "Severity", (row) => SEVERITY[row.severity] ?? 9],
    ["kind", "Kind", (row) => KIND[row.kind] ?? 99],
    ["what", "What", (row) => title(row).toLowerCase()],
    ["place", "Account and region", (row) => (accountName(row.account_id) || row.account_id || "") + "\u0001" + (row.region || "")],
    ["owner", "Owner", (row) => (row.owner || "").toLowerCase()],
    ["since", "Since", (row) => row.since || ""],
  ];

  function haystack(row) {
    if (row.haystack === undefined) {
      const parts = [row.finding_id, row.kind, row.asset_key, row.account_id, accountName(row.account_id), known(words.units, row.account_id), row.region,
        row.resource_type, row.resource_id, row.arn, row.asset_id, row.name, row.owner, row.attribute];
      for (const [side] of SIDES) if (row[side] !== undefined) parts.push(said(row[side]));
      if (row.evidence) parts.push(JSON.stringify(row.evidence));
      // Not enumerable, so that it shows nowhere.
      Object.defineProperty(row, "haystack", { value: parts.filter(Boolean).join("\u0001").toLowerCase() });
    }
    return row.haystack;
  }

  const FACETS = ["severity", "kind", "account_id", "region", "resource_type", "owner"];
  const NOTHING = "\u0001";

  function fillFacet(field) {
    const counts = new Map();
    for (const row of all) {
      const value = row[field] ?? NOTHING;
      counts.set(value, (counts.get(value) || 0) + 1);
    }
    const label = (value) => {
      if (value === NOTHING) return "(none)";
      if (field === "kind") return kindLabel(value);
      if (field === "account_id" && accountName(value)) return accountName(value) + " \u00b7 " + value;
      return value;
    };
    const order = { severity: (value) => SEVERITY[value] ?? 9, kind: (value) => KIND[value] ?? 99 }[field];
    let values = [...counts.keys()];
    const most = [...values].sort((a, b) => counts.get(b) - counts.get(a)).slice(0, OPTIONS);
    const more = values.length - most.length;
    values = most.sort((a, b) => order ? order(a) - order(b) : label(a).localeCompare(label(b), "en"));
    const select = form.elements[field];
    select.append(new Option("all", ""));
    for (const value of values) {
      select.append(new Option(visible(label(value)) + " (" + number(counts.get(value)) + ")", value));
    }
    if (more > 0) {
      const option = new Option("and " + number(more) + " more: use the search", "");
      option.disabled = true;
      select.append(option);
    }
  }

  function apply() {
    const wanted = FACETS.map((field) => [field, form.elements[field].value]).filter(([, value]) => value !== "");
    const terms = form.elements.text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const rows = all.filter((row) =>
      wanted.every(([field, value]) => (row[field] ?? NOTHING) === value)
      && (terms.length === 0 || terms.every((term) => haystack(row).includes(term))));
    const column = COLUMNS.find(([key]) => key === state.column);
    const turn = state.descending ? -1 : 1;
    // Keys once per row, not once per comparison; equals stay in the report's own order.
    const keyed = rows.map((row, index) => ({ row, index, key: column[2](row) }));
    keyed.sort((a, b) => (a.key < b.key ? -turn : a.key > b.key ? turn : a.index - b.index));
    state.rows = keyed.map(({ row }) => row);
    state.page = 0;
    show();
  }

  function cell(key, label, first, second) {
    const element = make("td", "c-" + key);
    element.dataset.label = label;
    const holder = make("div");
    holder.append(first);
    if (second) holder.append(make("span", "second", second));
    element.append(holder);
    return element;
  }

  function line(row) {
    const element = make("tr", "row");
    element.id = "f-" + row.finding_id;
    const opener = make("button", "open", "+");
    opener.type = "button";
    opener.setAttribute("aria-expanded", "false");
    opener.setAttribute("aria-label", "Details of " + visible(title(row)));
    const open = make("td", "c-open");
    open.append(opener);
    const severity = make("span", "severity", row.severity);
    severity.classList.add(row.severity);
    const what = make("span", "name", title(row));
    const place = row.account_id ? accountName(row.account_id) || row.account_id : "no account";
    const under = accountName(row.account_id) ? row.account_id : "";
    const whatCell = cell("what", "What", what, [row.resource_type, row.name ? row.resource_id : ""].filter(Boolean).join(" \u00b7 "));
    whatCell.firstChild.append(make("span", "values", difference(row)));
    const placeCell = cell("place", "Where", make("span", "", place), under);
    if (row.region) placeCell.firstChild.append(make("span", "second", row.region));
    element.append(open, cell("severity", "Severity", severity),
      cell("kind", "Kind", make("span", "", kindLabel(row.kind))), whatCell,
      placeCell,
      cell("owner", "Owner", make("span", "", row.owner || "\u2013")),
      cell("since", "Since", make("span", "", row.since ? row.since.slice(0, 10) : "\u2013"), age(row)));
    return element;
  }

  function age(row) {
    if (!row.since) return "";
    const days = Math.floor((Date.parse(words.started_at) - Date.parse(row.since)) / 86400000);
    if (!(days >= 0)) return "";
    return days === 0 ? "new today" : days === 1 ? "1 day" : number(days) + " days";
  }

  function details(row) {
    const element = make("tr", "details");
    element.id = "d-" + row.finding_id;
    const holder = make("td", "inside");
    holder.colSpan = COLUMNS.length + 1;
    const inner = make("div", "inner");
    const meaning = Object.hasOwn(words.kinds, row.kind) ? words.kinds[row.kind][1] : "";
    inner.append(make("p", "", meaning));
    if (row.attribute || SIDES.some(([side]) => row[side] !== undefined)) {
      inner.append(make("h3", "", row.attribute ? "Attribute " + row.attribute : "Values"));
      const sides = make("div", "sides");
      for (const [side, label] of SIDES) {
        const rules = SIDE_OF[row.authority] === side;
        const box = make("div", rules ? "rules" : "");
        box.append(make("span", "title", label + (rules ? " \u00b7 has authority" : "")), make("pre", "", said(row[side])));
        sides.append(box);
      }
      inner.append(sides);
    }
    inner.append(make("h3", "", "Subject"));
    const list = make("dl");
    const add = (term, value) => {
      if (value === undefined || value === "") return;
      list.append(make("dt", "", term), make("dd", "", value));
    };
    add("Name", row.name);
    add("Type", row.resource_type);
    add("Resource id", row.resource_id);
    add("ARN", row.arn);
    add("Account", row.account_id && [accountName(row.account_id), row.account_id].filter(Boolean).join(" \u00b7 "));
    add("Organisational unit", known(words.units, row.account_id));
    add("Account's e-mail", known(words.emails, row.account_id));
    add("Region", row.region);
    add("Source register id", row.asset_id);
    add("Central register key", row.asset_key);
    add("Owner", row.owner);
    add("Authority", row.authority && (AUTHORITY[row.authority] || row.authority));
    add("First found", row.since);
    add("Finding", row.finding_id);
    inner.append(list);
    if (row.evidence) {
      inner.append(make("h3", "", "Evidence"));
      const evidence = make("dl");
      for (const [term, value] of Object.entries(row.evidence)) {
        const shown = make("dd");
        shown.append(typeof value === "object" && value !== null ? make("pre", "", said(value)) : make("span", "", said(value)));
        evidence.append(make("dt", "", term.replaceAll("_", " ")), shown);
      }
      inner.append(evidence);
    }
    const actions = make("div", "actions");
    const told = make("span");
    told.setAttribute("role", "status");
    if (row.arn) actions.append(copier("Copy ARN", row.arn, told));
    actions.append(copier("Copy link", location.href.split("#")[0] + "#f-" + row.finding_id, told), told);
    inner.append(actions);
    holder.append(inner);
    element.append(holder);
    return element;
  }

  function copier(label, text, told) {
    const button = make("button", "", label);
    button.type = "button";
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(text);
        told.textContent = "Copied.";
      } catch {
        told.textContent = copyTheOldWay(text) ? "Copied." : "The browser forbids copying: " + visible(text);
      }
    });
    return button;
  }

  // Pages opened from disk may not use the clipboard in every browser.
  function copyTheOldWay(text) {
    const area = make("textarea", "hidden");
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }

  function toggle(row, element, open) {
    const opener = element.querySelector(".open");
    element.classList.toggle("is-open", open);
    opener.textContent = open ? "\u2212" : "+";
    opener.setAttribute("aria-expanded", String(open));
    if (open) {
      state.open.add(row.finding_id);
      element.after(details(row));
      opener.setAttribute("aria-controls", "d-" + row.finding_id);
    } else {
      state.open.delete(row.finding_id);
      opener.removeAttribute("aria-controls");
      if (element.nextElementSibling?.classList.contains("details")) element.nextElementSibling.remove();
    }
  }

  function show() {
    const size = state.paper ? PAPER : PAGE;
    const start = state.paper ? 0 : state.page * PAGE;
    const shown = state.rows.slice(start, start + size);
    body.replaceChildren();
    for (const row of shown) {
      const element = line(row);
      body.append(element);
      element.querySelector(".open").addEventListener("click", () => toggle(row, element, !state.open.has(row.finding_id)));
      if (state.open.has(row.finding_id)) toggle(row, element, true);
    }
    for (const head of table.tHead.rows[0].cells) {
      if (head.dataset.key === state.column) head.setAttribute("aria-sort", state.descending ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    }
    form.elements.sort.value = state.column + (state.descending ? "-" : "+");
    const pages = Math.max(1, Math.ceil(state.rows.length / PAGE));
    const filtered = state.rows.length !== all.length;
    document.getElementById("status").textContent = all.length === 0 ? "There are no findings."
      : (filtered ? number(state.rows.length) + " of " : "") + number(all.length) + (all.length === 1 ? " finding" : " findings")
        + (filtered ? " match." : ".");
    document.getElementById("place").textContent = "Page " + number(state.page + 1) + " of " + number(pages);
    const rest = state.rows.length - shown.length;
    const beyond = words.findings - words.embedded;
    document.getElementById("cut").textContent = (filtered ? "Filtered: " + number(state.rows.length) + " of " + number(all.length) + " findings. " : "")
      + (rest > 0 ? "The first " + number(shown.length) + " are printed, " + number(rest) + " are left out. " : "")
      + (beyond > 0 ? number(beyond) + " more are not in this page. " : "")
      + "report.jsonl has all " + number(words.findings) + ".";
    for (const button of pager.querySelectorAll("button")) {
      const back = button.dataset.to === "first" || button.dataset.to === "previous";
      button.disabled = back ? state.page === 0 : state.page >= pages - 1;
    }
    pager.hidden = pages === 1;
    table.hidden = state.rows.length === 0;
  }

  function turnTo(page) {
    state.page = page;
    show();
    document.getElementById("findings-title").scrollIntoView();
  }

  function openLinked() {
    const wanted = /^#f-([0-9a-z_-]+)$/i.exec(location.hash)?.[1];
    if (!wanted) return;
    let index = state.rows.findIndex((row) => row.finding_id === wanted);
    if (index < 0 && all.some((row) => row.finding_id === wanted)) {
      form.reset();
      apply();
      index = state.rows.findIndex((row) => row.finding_id === wanted);
    }
    const ignored = index < 0 && document.getElementById("f-" + wanted);
    if (ignored) {
      ignored.closest("details").open = true;
      ignored.scrollIntoView({ block: "start" });
      return;
    }
    if (index < 0) {
      document.getElementById("status").textContent = "This page holds no finding " + wanted + ": it may be mended, or left out here.";
      document.getElementById("findings-title").scrollIntoView();
      return;
    }
    state.open.add(wanted);
    state.page = Math.floor(index / PAGE);
    show();
    const element = document.getElementById("f-" + wanted);
    element.scrollIntoView({ block: "start" });
    element.querySelector(".open").focus({ preventScroll: true });
  }

  function setPaper(paper) {
    if (state.paper === paper) return;
    state.paper = paper;
    show();
    for (const part of document.querySelectorAll("details")) {
      if (paper) {
        part.dataset.was = part.open ? "open" : "";
        part.open = true;
      } else {
        part.open = part.dataset.was === "open";
      }
    }
  }

  table.tHead.rows[0].append(make("th", "c-open"));
  table.tHead.rows[0].cells[0].append(make("span", "hidden", "Open"));
  for (const [key, label] of COLUMNS) {
    const head = make("th", "c-" + key);
    head.scope = "col";
    head.dataset.key = key;
    head.dataset.label = label;
    const button = make("button", "", label);
    button.type = "button";
    button.addEventListener("click", () => {
      state.descending = state.column === key && !state.descending;
      state.column = key;
      apply();
    });
    head.append(button);
    table.tHead.rows[0].append(head);
    form.elements.sort.append(new Option(label, key + "+"), new Option(label + ", reversed", key + "-"));
  }
  FACETS.forEach(fillFacet);
  form.elements.sort.addEventListener("change", () => {
    state.column = form.elements.sort.value.slice(0, -1);
    state.descending = form.elements.sort.value.endsWith("-");
    apply();
  });
  let typing;
  form.elements.text.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(apply, 150);
  });
  for (const field of FACETS) form.elements[field].addEventListener("change", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(apply, 0));
  pager.addEventListener("click", (event) => {
    const to = event.target.dataset?.to;
    const last = Math.ceil(state.rows.length / PAGE) - 1;
    const page = { first: 0, previous: state.page - 1, next: state.page + 1, last }[to];
    if (page !== undefined) turnTo(Math.min(Math.max(page, 0), last));
  });
  addEventListener("hashchange", openLinked);
  addEventListener("beforeprint", () => setPaper(true));
  addEventListener("afterprint", () => setPaper(false));
  matchMedia("print").addEventListener("change", (event) => setPaper(event.matches));
  form.hidden = all.length === 0;
  show();
  openLinked();
})();
