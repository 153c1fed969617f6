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

  // --- Languages. A text's key is the English text itself; `{}` stands for a part, `one|many` is chosen by the first.
  const LOCALES = { en: "en-GB", de: "de-DE" };
  const german = new Map(Object.entries(words.german));
  let language = "en";
  let formats;

  function speak(wanted) {
    language = wanted;
    const locale = LOCALES[language];
    const day = { dateStyle: "medium", timeZone: "UTC" };
    formats = {
      number: new Intl.NumberFormat(locale),
      share: new Intl.NumberFormat(locale, { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 }),
      day: new Intl.DateTimeFormat(locale, day),
      instant: new Intl.DateTimeFormat(locale, { ...day, timeStyle: "medium" }),
      order: new Intl.Collator(locale),
    };
    document.documentElement.lang = language;
  }

  const number = (value) => formats.number.format(value);
  const date = (text, format) => {
    const at = Date.parse(text);
    return Number.isNaN(at) ? String(text) : format.format(at);
  };
  const day = (text) => date(text, formats.day);
  const instant = (text) => date(text, formats.instant) + " UTC";

  function word(key) {
    if (language === "en") return key;
    const own = german.get(key);
    // For tests: what the table of words lacks.
    if (own === undefined) document.documentElement.dataset.untold = key;
    return own ?? key;
  }

  function t(key, ...parts) {
    let pattern = word(key);
    if (pattern.includes("|")) pattern = pattern.split("|")[parts[0] === 1 ? 0 : 1];
    let next = 0;
    return pattern.replace(/\{\}/g, () => said(parts[next++]));
  }

  // What a text of the page is made of, as the attribute data-t tells it.
  function said(part) {
    if (typeof part === "number") return number(part);
    if (typeof part === "string") return t(part);
    if (Array.isArray(part)) return t(...part);
    if (part.is !== undefined) return part.is;
    if (part.share !== undefined) return formats.share.format(part.share);
    if (part.at !== undefined) return instant(part.at);
    if (part.day !== undefined) return day(part.day);
    return part.all.map(said).join(part.between);
  }
  const is = (text) => ({ is: visible(text) });

  const originals = new WeakMap();
  function original(element) {
    if (!originals.has(element)) {
      const text = [...element.childNodes].map((node) =>
        node.nodeName === "CODE" ? "`" + node.textContent + "`" : node.textContent).join("");
      originals.set(element, text.replace(/\s+/g, " ").trim());
    }
    return originals.get(element);
  }

  // Only the page's own texts set something apart by backticks.
  function retell(element) {
    const made = element.dataset.t;
    const key = made === "" ? original(element) : JSON.parse(made);
    const text = said(key);
    const own = Array.isArray(key) ? key[0] : key;
    if (typeof own === "string" && own.includes("`")) {
      element.replaceChildren(...text.split("`").map((part, index) => {
        if (index % 2 === 0) return document.createTextNode(part);
        const code = document.createElement("code");
        code.textContent = part;
        return code;
      }));
    } else {
      element.textContent = text;
    }
  }

  const attributes = new WeakMap();
  function retellAttributes(element) {
    if (!attributes.has(element)) {
      attributes.set(element, element.dataset.tOf.split(" ").map((name) => [name, element.getAttribute(name)]));
    }
    for (const [name, key] of attributes.get(element)) element.setAttribute(name, t(key));
  }

  // English is what the page is written in: only its instants and days have to be said anew.
  function retellPage(everything) {
    const which = everything ? "[data-t]" : "[data-t*='\"at\":'], [data-t*='\"day\":'], [data-t*='\"share\":']";
    document.querySelectorAll(which).forEach(retell);
    if (everything) document.querySelectorAll("[data-t-of]").forEach(retellAttributes);
    document.title = t("Drift report") + " \u00b7 " + visible(words.environment) + " \u00b7 " + day(words.started_at);
    for (const button of document.querySelectorAll("[data-language]")) {
      button.setAttribute("aria-pressed", String(button.dataset.language === language));
    }
  }

  // --- What stands where.
  const SEVERITY = { high: 0, medium: 1, low: 2, info: 3 };
  const KIND = Object.fromEntries(words.kind_order.map((kind, index) => [kind, index]));
  const SIDES = [["live", "Live in AWS", "live {}"], ["registered", "Source register", "source {}"], ["published", "Central register", "central {}"]];
  const AUTHORITY = {
    config_service: "AWS Config", source_register: "the source register",
    last_published: "what was published last", bestand: "bestand",
  };
  const SIDE_OF = { config_service: "live", source_register: "registered", last_published: "published" };
  const PLANNED = { create: "to create", update: "to update", retire: "to retire", unchanged: "unchanged", withheld: "withheld" };
  const form = document.getElementById("filters");
  const table = document.getElementById("table");
  const body = table.tBodies[0];
  const pager = document.getElementById("pager");
  const status = document.getElementById("status");

  const state = { rows: all, page: 0, column: "severity", descending: false, open: new Set(), paper: false, gone: "" };

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

  const raw = (value) => (typeof value === "string" ? value : JSON.stringify(value, null, typeof value === "object" ? 1 : 0));
  const value = (own) => {
    if (own === undefined) return t("says nothing");
    if (own === null) return t("says: none");
    return own === "" ? t("(empty text)") : raw(own);
  };
  const short = (own) => {
    const text = own === null ? t("none") : typeof own === "string" ? own : JSON.stringify(own);
    return text.length > 90 ? text.slice(0, 90) + "\u2026" : text;
  };
  const title = (row) => row.name || row.resource_id || row.arn || row.asset_id || row.evidence?.row_key || row.finding_id;
  const known = (of, id) => (Object.hasOwn(of, id) ? of[id] : "");
  const accountName = (id) => known(words.accounts, id);
  const kindLabel = (kind) => (Object.hasOwn(words.kinds, kind) ? word(words.kinds[kind][0]) : kind);

  function difference(row) {
    const values = SIDES.filter(([side]) => row[side] !== undefined);
    if (!row.attribute && values.length === 0) {
      if (typeof row.evidence?.reason === "string") return short(row.evidence.reason);
      const told = Object.entries(row.evidence || {}).slice(0, 3).map(([key, own]) => key.replaceAll("_", " ") + ": " + short(own));
      if (told.length === 0 && row.asset_id) told.push(t("Source register") + ": " + row.asset_id);
      return told.join(", ");
    }
    const told = values.map(([side, , pattern]) => t(pattern, is(short(row[side])))).join(", ");
    if (row.kind === "non_compliant" && typeof row.evidence?.problem === "string") {
      const problem = row.evidence.problem.replaceAll("_", " ");
      return row.attribute + ": " + problem + (problem === "missing" ? "" : ", " + told) + " (" + short(row.evidence.requirement) + ")";
    }
    return (row.attribute || t("value")) + (told ? ": " + told : "");
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

  // What a search looks through does not depend on the language.
  function haystack(row) {
    if (row.haystack === undefined) {
      const parts = [row.finding_id, row.kind, row.asset_key, row.account_id, accountName(row.account_id), known(words.units, row.account_id), row.region,
        row.resource_type, row.resource_id, row.arn, row.asset_id, row.name, row.owner, row.attribute];
      for (const [side] of SIDES) if (row[side] !== undefined && row[side] !== null) parts.push(raw(row[side]));
      if (row.evidence) parts.push(JSON.stringify(row.evidence));
      // Not enumerable, so that it shows nowhere.
      Object.defineProperty(row, "haystack", { value: parts.filter(Boolean).join("\u0001").toLowerCase() });
    }
    return row.haystack;
  }

  const FACETS = ["severity", "kind", "account_id", "region", "resource_type", "owner"];
  const NOTHING = "\u0001";
  const counts = new Map();

  // Counted when it is first asked for: of 100,000 findings that takes a while, and the page is to be seen before.
  function count(field) {
    if (!counts.has(field)) {
      const found = new Map();
      for (const row of all) {
        const own = row[field] ?? NOTHING;
        found.set(own, (found.get(own) || 0) + 1);
      }
      counts.set(field, found);
    }
    return counts.get(field);
  }

  function facetLabel(field, own) {
    if (own === NOTHING) return t("(none)");
    if (field === "kind") return kindLabel(own);
    if (field === "severity") return word(own);
    if (field === "account_id" && accountName(own)) return accountName(own) + " \u00b7 " + own;
    return own;
  }

  const option = (field, own) =>
    new Option(visible(facetLabel(field, own)) + " (" + number(count(field).get(own) || 0) + ")", own);

  function fillFacet(field) {
    const found = count(field);
    const order = { severity: (own) => SEVERITY[own] ?? 9, kind: (own) => KIND[own] ?? 99 }[field];
    const most = [...found.keys()].sort((a, b) => found.get(b) - found.get(a)).slice(0, OPTIONS);
    const more = found.size - most.length;
    most.sort((a, b) => order ? order(a) - order(b) : formats.order.compare(facetLabel(field, a), facetLabel(field, b)));
    const select = form.elements[field];
    const chosen = select.value;
    select.replaceChildren(new Option(t("all"), ""), ...most.map((own) => option(field, own)));
    if (more > 0) {
      const rest = new Option(t("and {} more: use the search", more), "");
      rest.disabled = true;
      select.append(rest);
    }
    if (chosen) choose(field, chosen);
  }

  // A value beyond the listed ones gets an option when it is asked for.
  function choose(field, own) {
    const select = form.elements[field];
    if (![...select.options].some((one) => one.value === own && !one.disabled)) select.append(option(field, own));
    select.value = own;
  }

  function fillSorting() {
    form.elements.sort.replaceChildren(...COLUMNS.flatMap(([key, label]) =>
      [new Option(word(label), key + "+"), new Option(t("{}, reversed", label), key + "-")]));
  }

  function apply() {
    const wanted = FACETS.map((field) => [field, form.elements[field].value]).filter(([, own]) => own !== "");
    const terms = form.elements.text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const rows = all.filter((row) =>
      wanted.every(([field, own]) => (row[field] ?? NOTHING) === own)
      && (terms.length === 0 || terms.every((term) => haystack(row).includes(term))));
    const column = COLUMNS.find(([key]) => key === state.column);
    const turn = state.descending ? -1 : 1;
    // Keys once per row, not once per comparison; equals stay in the report's own order.
    const keyed = rows.map((row, index) => ({ row, index, key: column[2](row) }));
    keyed.sort((a, b) => (a.key < b.key ? -turn : a.key > b.key ? turn : a.index - b.index));
    state.rows = keyed.map(({ row }) => row);
    state.page = 0;
    state.gone = "";
    show();
  }

  function cell(key, label, first, second) {
    const element = make("td", "c-" + key);
    element.dataset.label = word(label);
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
    opener.setAttribute("aria-label", t("Details of {}", is(title(row))));
    const open = make("td", "c-open");
    open.append(opener);
    const severity = make("span", "severity", word(row.severity));
    severity.classList.add(row.severity);
    const what = make("span", "name", title(row));
    const place = row.account_id ? accountName(row.account_id) || row.account_id : t("no account");
    const under = accountName(row.account_id) ? row.account_id : "";
    const whatCell = cell("what", "What", what, [row.resource_type, row.name ? row.resource_id : ""].filter(Boolean).join(" \u00b7 "));
    whatCell.firstChild.append(make("span", "values", difference(row)));
    const placeCell = cell("place", "Where", make("span", "", place), under);
    if (row.region) placeCell.firstChild.append(make("span", "second", row.region));
    element.append(open, cell("severity", "Severity", severity),
      cell("kind", "Kind", make("span", "", kindLabel(row.kind))), whatCell,
      placeCell,
      cell("owner", "Owner", make("span", "", row.owner || "\u2013")),
      cell("since", "Since", make("span", "", row.since ? day(row.since) : "\u2013"), age(row)));
    return element;
  }

  function age(row) {
    if (!row.since) return "";
    const days = Math.floor((Date.parse(words.started_at) - Date.parse(row.since)) / 86400000);
    if (!(days >= 0)) return "";
    return days === 0 ? t("new today") : t("{} day|{} days", days);
  }

  // --- The AWS console. A link asks nothing of anybody until it is followed. Its host is one of three, and what comes
  // from the run stands in its path and fragment alone, encoded.
  const CONSOLES = { aws: "console.aws.amazon.com", "aws-us-gov": "console.amazonaws-us-gov.com", "aws-cn": "console.amazonaws.cn" };
  const HOME = { aws: "us-east-1", "aws-us-gov": "us-gov-west-1", "aws-cn": "cn-north-1" };
  const PAGES = {
    "AWS::EC2::Instance": (id, region) => "/ec2/home?region=" + region + "#InstanceDetails:instanceId=" + id,
    "AWS::EC2::Volume": (id, region) => "/ec2/home?region=" + region + "#VolumeDetails:volumeId=" + id,
    "AWS::EC2::SecurityGroup": (id, region) => "/ec2/home?region=" + region + "#SecurityGroup:groupId=" + id,
    "AWS::Lambda::Function": (id, region) => "/lambda/home?region=" + region + "#/functions/" + id,
    "AWS::S3::Bucket": (id, region) => "/s3/buckets/" + id + "?region=" + region,
  };

  function consoleAddress(row) {
    if (!row.resource_id || !row.resource_type || !row.region) return "";
    const own = /^arn:(aws|aws-us-gov|aws-cn):/.exec(row.arn || "")?.[1];
    const partition = own || (row.region.startsWith("cn-") ? "aws-cn" : row.region.startsWith("us-gov-") ? "aws-us-gov" : "aws");
    const region = row.region === "global" ? HOME[partition] : row.region;
    if (!/^[a-z]{2,4}(-[a-z]+)+-\d{1,2}$/.test(region)) return "";
    const id = encodeURIComponent(row.resource_id);
    const gone = row.kind === "absent" || row.kind === "misplaced";
    // Of what is gone, only AWS Config still knows; and it knows every type.
    const page = !gone && Object.hasOwn(PAGES, row.resource_type) ? PAGES[row.resource_type](id, region)
      : "/config/home?region=" + region + "#/resources/details?resourceId=" + id + "&resourceType=" + encodeURIComponent(row.resource_type);
    return "https://" + CONSOLES[partition] + page;
  }

  function consoleLink(row) {
    const address = consoleAddress(row);
    if (!address) return null;
    const link = make("a", "console", t("Open in the AWS console"));
    link.href = address;
    link.rel = "noreferrer";
    link.referrerPolicy = "no-referrer";
    link.target = "_blank";
    link.title = t("In the account that you are signed in to; this one is {}", is(row.account_id || "?"));
    return link;
  }

  function plannedChange(change) {
    const holder = make("div");
    const named = (kind) => word(Object.hasOwn(PLANNED, kind) ? PLANNED[kind] : kind);
    const told = [named(change.kind)];
    if (change.would_be) told.push(t("would be: {}", is(named(change.would_be))));
    if (change.reason) told.push(change.reason);
    holder.append(make("p", "", told.join(" \u00b7 ")));
    const why = known(words.withheld, change.reason);
    if (why) holder.append(make("p", "meaning", word(why)));
    const sets = Object.entries(change.sets || {});
    if (sets.length > 0) {
      const list = make("dl");
      for (const [name, [before, after]] of sets) {
        list.append(make("dt", "", name), make("dd", "", before + " \u2192 " + after));
      }
      holder.append(list);
    }
    if (change.more) holder.append(make("p", "meaning", t("and {} more", change.more)));
    return holder;
  }

  function details(row) {
    const element = make("tr", "details");
    element.id = "d-" + row.finding_id;
    const holder = make("td", "inside");
    holder.colSpan = COLUMNS.length + 1;
    const inner = make("div", "inner");
    const meaning = Object.hasOwn(words.kinds, row.kind) ? word(words.kinds[row.kind][1]) : "";
    inner.append(make("p", "", meaning));
    if (row.attribute || SIDES.some(([side]) => row[side] !== undefined)) {
      inner.append(make("h3", "", row.attribute ? t("Attribute {}", is(row.attribute)) : t("Values")));
      const sides = make("div", "sides");
      for (const [side, label] of SIDES) {
        const rules = SIDE_OF[row.authority] === side;
        const box = make("div", rules ? "rules" : "");
        box.append(make("span", "title", word(label) + (rules ? " \u00b7 " + t("has authority") : "")), make("pre", "", value(row[side])));
        sides.append(box);
      }
      inner.append(sides);
    }
    if (row.planned) inner.append(make("h3", "", t("Planned change")), plannedChange(row.planned));
    inner.append(make("h3", "", t("Subject")));
    const list = make("dl");
    const add = (term, own) => {
      if (own === undefined || own === "") return;
      list.append(make("dt", "", word(term)), make("dd", "", own));
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
    add("Authority", row.authority && (Object.hasOwn(AUTHORITY, row.authority) ? word(AUTHORITY[row.authority]) : row.authority));
    add("First found", row.since && instant(row.since));
    add("Finding", row.finding_id);
    inner.append(list);
    if (row.evidence) {
      inner.append(make("h3", "", t("Evidence")));
      const evidence = make("dl");
      for (const [term, own] of Object.entries(row.evidence)) {
        const shown = make("dd");
        shown.append(typeof own === "object" && own !== null ? make("pre", "", raw(own)) : make("span", "", value(own)));
        evidence.append(make("dt", "", term.replaceAll("_", " ")), shown);
      }
      inner.append(evidence);
    }
    const actions = make("div", "actions");
    const told = make("span");
    told.setAttribute("role", "status");
    if (row.arn) actions.append(copier(t("Copy ARN"), row.arn, told));
    actions.append(copier(t("Copy link"), address(row.finding_id), told));
    const link = consoleLink(row);
    if (link) actions.append(link);
    actions.append(told);
    inner.append(actions);
    holder.append(inner);
    element.append(holder);
    return element;
  }

  // Whoever gets the link reads it in a language of their own.
  function address(finding) {
    const own = new URL(location.href);
    own.searchParams.delete("lang");
    own.hash = "f-" + finding;
    return own.href;
  }

  function copier(label, text, told) {
    const button = make("button", "", label);
    button.type = "button";
    button.addEventListener("click", async () => {
      let done = true;
      try {
        await navigator.clipboard.writeText(text);
      } catch {
        done = copyTheOldWay(text);
        button.focus();
      }
      told.textContent = done ? t("Copied.") : t("The browser forbids copying: {}", is(text));
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
    status.textContent = state.gone ? t("This page holds no finding {}: it may be mended, or left out here.", is(state.gone))
      : all.length === 0 ? t("There are no findings.")
        : filtered ? t("{} of {} findings match.", state.rows.length, all.length) : t("{} finding.|{} findings.", all.length);
    document.getElementById("place").textContent = t("Page {} of {}", state.page + 1, pages);
    const rest = state.rows.length - shown.length;
    const beyond = words.findings - words.embedded;
    document.getElementById("cut").textContent = [
      filtered ? t("Filtered: {} of {} findings.", state.rows.length, all.length) : "",
      rest > 0 ? t("The first {} are printed, {} are left out.", shown.length, rest) : "",
      beyond > 0 ? t("{} more are not in this page.", beyond) : "",
      t("report.jsonl has all {}.", words.findings),
    ].filter(Boolean).join(" ");
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
      clearFilters();
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
      state.gone = wanted;
      show();
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

  function clearFilters() {
    for (const field of FACETS) form.elements[field].value = "";
    form.elements.text.value = "";
  }

  // A name in a breakdown: `none` is a finding that names nobody; an owner's name stands behind `=`.
  function filterBy(link) {
    const { field, value: own } = link.dataset;
    const wanted = own === "none" ? NOTHING : field === "owner" ? own.slice(1) : own;
    clearFilters();
    choose(field, wanted);
    apply();
    const head = document.getElementById("findings-title");
    head.scrollIntoView();
    head.focus({ preventScroll: true });
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

  function fillHead() {
    const row = table.tHead.rows[0];
    const first = make("th", "c-open");
    first.append(make("span", "hidden", t("Open")));
    row.replaceChildren(first);
    for (const [key, label] of COLUMNS) {
      const head = make("th", "c-" + key);
      head.scope = "col";
      head.dataset.key = key;
      head.dataset.label = word(label);
      const button = make("button", "", word(label));
      button.type = "button";
      button.addEventListener("click", () => {
        state.descending = state.column === key && !state.descending;
        state.column = key;
        apply();
      });
      head.append(button);
      row.append(head);
    }
  }

  // --- The language is remembered in the address alone. An address that is signed must stay as it is.
  function remember() {
    const own = new URL(location.href);
    if ([...own.searchParams.keys()].some((name) => name.toLowerCase().startsWith("x-amz-"))) return;
    own.searchParams.set("lang", language);
    try {
      history.replaceState(null, "", own);
    } catch {
      // Some browsers let no page from disk change its address: then the language lasts as long as the page.
    }
  }

  function preferred() {
    const asked = new URLSearchParams(location.search).get("lang");
    if (Object.hasOwn(LOCALES, asked)) return asked;
    const own = (navigator.language || "").slice(0, 2).toLowerCase();
    return Object.hasOwn(LOCALES, own) ? own : "en";
  }

  function tellAll(everything) {
    retellPage(everything);
    fillHead();
    fillSorting();
    setTimeout(() => FACETS.forEach(fillFacet), 0);
    show();
  }

  speak(preferred());
  tellAll(language !== "en");
  document.getElementById("languages").hidden = false;
  for (const button of document.querySelectorAll("[data-language]")) {
    button.addEventListener("click", () => {
      speak(button.dataset.language);
      tellAll(true);
      remember();
    });
  }
  for (const link of document.querySelectorAll("a[data-field]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      filterBy(link);
    });
  }
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
  openLinked();
})();
