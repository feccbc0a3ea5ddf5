/**
 * Script of the page. It asks for the data each second and puts it into the markup as text. A template of plain
 * characters: it is sent as it is here, so it has no backtick, no backslash and no placeholder.
 */
export const SCRIPT = `'use strict';
(function () {
  var NONE = '–';
  var base = location.pathname.endsWith('/') ? location.pathname : location.pathname + '/';
  var isPaused = false;
  var isAsking = false;
  var timer;
  var last;
  var newestChange;
  var trouble = '';

  function $(id) { return document.getElementById(id); }

  function setText(element, text) {
    if (element.textContent !== text) element.textContent = text;
  }

  function make(name, parent, className) {
    var element = document.createElement(name);
    if (className) element.className = className;
    parent.append(element);
    return element;
  }

  /* Numbers */

  function count(value) { return Math.round(value).toLocaleString('en'); }
  function percent(share) { return (share * 100).toFixed(1) + ' %'; }
  function rate(value) { return value > 0 && value < 10 ? value.toFixed(1) : count(value); }

  function duration(ms) {
    if (ms === 0) return '0 ms';
    if (ms < 10) return ms.toFixed(2) + ' ms';
    if (ms < 1000) return ms.toFixed(0) + ' ms';
    if (ms < 120000) return (ms / 1000).toFixed(1) + ' s';
    return count(ms / 60000) + ' min';
  }

  function bytes(value) {
    if (value < 1024) return value + ' B';
    if (value < 1048576) return (value / 1024).toFixed(1) + ' KiB';
    return (value / 1048576).toFixed(1) + ' MiB';
  }

  function clock(ms) { return new Date(ms).toLocaleTimeString('en-GB'); }

  /* Cells: each kind makes its elements once and then changes their text. */

  function text(of) {
    return { set: function (cell, row) { setText(cell.firstElementChild || make('span', cell), of(row)); } };
  }

  function code(of) {
    return { set: function (cell, row) { setText(cell.firstElementChild || make('code', cell), of(row)); }, isWide: true };
  }

  function list(of) {
    return {
      set: function (cell, row) {
        var items = of(row);
        var target = cell.firstElementChild || make('div', cell);
        if (target.dataset.shown === items.join('|')) return;
        target.dataset.shown = items.join('|');
        target.replaceChildren();
        if (items.length === 0) setText(target, NONE);
        else items.forEach(function (item) { setText(make('div', target), item); });
      },
    };
  }

  var SVG = 'http://www.w3.org/2000/svg';

  function curve(parent, className, values, label) {
    var svg = parent.querySelector('svg');
    if (!svg) {
      svg = document.createElementNS(SVG, 'svg');
      svg.setAttribute('class', 'curve ' + className);
      svg.setAttribute('viewBox', '0 0 180 30');
      svg.setAttribute('preserveAspectRatio', 'none');
      svg.setAttribute('role', 'img');
      var line = document.createElementNS(SVG, 'line');
      line.setAttribute('x1', '0'); line.setAttribute('x2', '180');
      line.setAttribute('y1', '29'); line.setAttribute('y2', '29');
      svg.append(line, document.createElementNS(SVG, 'polyline'));
      parent.append(svg);
    }
    var top = Math.max.apply(null, values.concat([1]));
    var points = values.map(function (value, index) {
      return (180 - values.length + index + 1) + ',' + (28 - ((value || 0) / top) * 26).toFixed(1);
    });
    svg.lastElementChild.setAttribute('points', points.join(' '));
    svg.setAttribute('aria-label', label);
  }

  function withCurve(className, of, valuesOf, labelOf) {
    return {
      set: function (cell, row) {
        var box = cell.firstElementChild || make('div', cell);
        setText(box.firstElementChild || make('span', box), of(row));
        var values = valuesOf(row);
        if (values) curve(box, className, values, labelOf(row));
      },
    };
  }

  var share = {
    set: function (cell, row) {
      var box = cell.firstElementChild;
      if (!box) {
        box = make('div', cell);
        make('span', box);
        make('span', make('span', box, 'bar'));
        box.lastElementChild.setAttribute('aria-hidden', 'true');
      }
      setText(box.firstElementChild, row.state === 'not watched' ? NONE : percent(row.share));
      box.lastElementChild.firstElementChild.style.width = (row.share * 100).toFixed(1) + '%';
    },
  };

  var state = {
    set: function (cell, row) {
      var box = cell.firstElementChild;
      if (!box) {
        box = make('div', cell);
        make('span', box);
        make('span', box, 'sub');
      }
      var looks = looksOf(row.state);
      box.firstElementChild.className = looks.className;
      setText(box.firstElementChild, looks.sign + ' ' + row.state);
      setText(box.lastElementChild, row.cause || '');
    },
  };

  function looksOf(name) {
    if (name === 'primary') return { sign: '■', className: 'good' };
    if (name === 'replica') return { sign: '●', className: 'good' };
    if (name === 'pending' || name === 'not watched') return { sign: '○', className: 'faint' };
    if (name === 'suspected') return { sign: '▲', className: 'warn' };
    return { sign: '✕', className: 'bad' };
  }

  function lagText(row) {
    if (row.role !== 'replica') return NONE;
    if (row.lagMs === null) return 'unknown';
    return duration(row.lagMs) + (row.lagBytes === null ? '' : ', ' + bytes(row.lagBytes));
  }

  function quantiles(row) {
    var of = row.latency;
    if (of.count === 0) return [];
    return ['p50 ' + duration(of.p50Ms), 'p95 ' + duration(of.p95Ms), 'p99 ' + duration(of.p99Ms)];
  }

  /* Tables */

  var statementCells = [
    code(function (row) { return row.sql || '(no text)'; }),
    text(function (row) { return row.node ? row.node + (row.role ? ' (' + row.role + ')' : '') : NONE; }),
    text(function (row) { return row.why; }),
    text(function (row) { return duration(row.durationMs); }),
    list(function (row) { return row.notes; }),
    text(function (row) { return clock(row.atMs); }),
  ];

  var tables = {
    'node-rows': [
      text(function (row) { return row.id; }),
      state,
      withCurve('lag', lagText, function (row) { return row.role === 'replica' && row.lags; }, function (row) {
        return 'Curve of the lag, at most ' + duration(Math.max.apply(null, row.lags.concat([0])));
      }),
      withCurve('load', function (row) { return row.state === 'not watched' ? NONE : rate(row.perSecond); },
        function (row) { return row.state !== 'not watched' && row.loads; }, function (row) {
          return 'Curve of statements per second, at most ' + count(Math.max.apply(null, row.loads.concat([0])));
        }),
      share,
      list(function (row) {
        var of = row.connections;
        return [of.used + ' of ' + of.max + ' used', of.idle + ' idle'];
      }),
      text(function (row) { return count(row.connections.waiting); }),
      list(quantiles),
    ],
    'latency-rows': [
      text(function (row) { return row.role; }),
      text(function (row) { return count(row.count); }),
      text(function (row) { return row.count ? duration(row.p50Ms) : NONE; }),
      text(function (row) { return row.count ? duration(row.p95Ms) : NONE; }),
      text(function (row) { return row.count ? duration(row.p99Ms) : NONE; }),
    ],
    'waiting-rows': [
      code(function (row) { return row.sql; }),
      text(function (row) { return row.what; }),
      text(function (row) { return duration(row.forMs); }),
    ],
    'reason-rows': [
      text(function (row) { return row.what; }),
      text(function (row) { return row.reason; }),
      text(function (row) { return count(row.count); }),
      text(function (row) { return row.totalMs === undefined ? NONE : duration(row.totalMs / row.count); }),
    ],
    'notable-rows': statementCells,
    'latest-rows': statementCells,
    'primary-rows': [
      code(function (row) { return row.sql; }),
      text(function (row) { return row.reason; }),
      text(function (row) { return count(row.count); }),
      text(function (row) { return row.advice; }),
    ],
  };

  function fill(id, rows) {
    var table = $(id);
    var body = table.tBodies[0];
    var cells = tables[id];
    table.hidden = rows.length === 0;
    $(id + '-none').hidden = rows.length > 0;
    while (body.rows.length > rows.length) body.lastElementChild.remove();
    rows.forEach(function (row, index) {
      var line = body.rows[index] || newLine(table, body, cells);
      cells.forEach(function (cell, column) { cell.set(line.cells[column], row); });
    });
  }

  function newLine(table, body, cells) {
    var line = make('tr', body);
    line.setAttribute('role', 'row');
    cells.forEach(function (kind, column) {
      var cell = make(column === 0 && !kind.isWide ? 'th' : 'td', line, kind.isWide ? 'wide' : '');
      cell.setAttribute('role', column === 0 ? 'rowheader' : 'cell');
      if (cell.tagName === 'TH') cell.setAttribute('scope', 'row');
      cell.dataset.label = table.tHead.rows[0].cells[column].textContent;
    });
    return line;
  }

  function showChanges(changes) {
    $('changes-none').hidden = changes.length > 0;
    var target = $('changes');
    while (target.children.length > changes.length) target.lastElementChild.remove();
    changes.forEach(function (change, index) {
      var item = target.children[index];
      if (!item) {
        item = make('li', target);
        make('time', item);
        make('span', item);
      }
      setText(item.firstElementChild, clock(change.atMs));
      setText(item.lastElementChild, change.what);
    });
    var newest = changes[0];
    if (newest && newest.id !== newestChange) {
      newestChange = newest.id;
      setText($('status'), newest.what);
    }
  }

  function show(data) {
    setText($('title'), data.title);
    document.title = data.title;
    $('single').hidden = data.isRouted;
    fill('node-rows', data.nodes);
    setText($('offload'), data.traffic.selects ? percent(data.traffic.offload) : NONE);
    setText($('read-offload'), data.traffic.reads ? percent(data.traffic.readOffload) : NONE);
    setText($('selects'), count(data.traffic.selects));
    setText($('catalog'), data.catalog);
    fill('latency-rows', data.latencies);
    fill('waiting-rows', data.waiting);
    fill('reason-rows', data.reasons);
    fill('notable-rows', data.notable);
    fill('latest-rows', data.latest);
    fill('primary-rows', data.onPrimary.flatMap(function (each) {
      return each.statements.map(function (one) {
        return { sql: one.sql, reason: each.reason, count: one.count, advice: one.advice };
      });
    }));
    showChanges(data.changes);
    setText($('updated'), 'Updated ' + clock(data.atMs));
    last = data;
  }

  function tell(message) {
    if (message === trouble) return;
    trouble = message;
    setText($('status'), message);
  }

  /* The data */

  function ask() {
    if (isAsking || isPaused || document.hidden) return;
    isAsking = true;
    fetch(base + 'data' + location.search, { cache: 'no-store', credentials: 'same-origin', redirect: 'error' })
      .then(function (response) {
        if (response.status === 403 || response.status === 401) return refused();
        if (!response.ok) throw new Error('status ' + response.status);
        return response.json().then(answered);
      })
      .catch(function () {
        tell('The program does not answer' + (last ? ' since ' + clock(last.atMs) : '') + '. Trying again.');
        later(2000);
      })
      .finally(function () { isAsking = false; });
  }

  function answered(data) {
    if (data.hasEnded) {
      if (!last) show(data);
      return tell('The pool has ended.');
    }
    tell('');
    if (!isPaused) show(data);
    later(1000);
  }

  function refused() { tell('The program refuses to show this page any longer. Load it again.'); }

  function later(ms) {
    clearTimeout(timer);
    timer = setTimeout(ask, ms);
  }

  $('pause').addEventListener('click', function () {
    isPaused = !isPaused;
    setText($('pause'), isPaused ? 'Resume' : 'Pause');
    setText($('status'), isPaused ? 'Paused.' : '');
    ask();
  });
  document.addEventListener('visibilitychange', ask);
  ask();
})();
`
