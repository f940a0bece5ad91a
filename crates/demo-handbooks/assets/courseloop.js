// Turns the page's JSON into what readers see. Bodies of accordions come into being when they are opened.
(function () {
  'use strict';
  var props = JSON.parse(document.getElementById('__NEXT_DATA__').textContent).props.pageProps;
  var root = document.getElementById('__next');
  var css = props.classes;

  function esc(text) {
    return String(text).replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
  }
  function valueOf(reference) {
    return reference && typeof reference === 'object' ? reference.value || reference.label || reference.name || '' : reference || '';
  }
  function any(content, keys) {
    return keys.some(function (key) { return key in content; });
  }
  function section(name, inner) {
    return '<div data-menu-id="' + name + '" class="' + css.section + '"><h3>' + name + '</h3>' + inner + '</div>';
  }
  function sectionBody(html) {
    return '<div data-testid="section-body" class="' + css.body + '">' + html + '</div>';
  }
  function attribute(name, value) {
    return value ? '<div class="AttrContainer"><h3>' + name + '</h3><div data-testid="AttrBody">' + esc(value) + '</div></div>' : '';
  }
  function cell(name, value) {
    return value ? '<td data-field="' + name + '">' + esc(value) + '</td>' : '';
  }
  function field(name, value) {
    return value ? '<span data-field="' + name + '">' + esc(value) + '</span>' : '';
  }
  function accordion(name) {
    return section(name, '<div data-testid="accordion" class="' + css.accordion + '"><button type="button" data-testid="accordion-toggle" ' +
      'aria-expanded="false" class="' + css.toggle + '" data-opens="' + name + '">Show</button></div>');
  }

  function attributes(c) {
    var level = valueOf(c.level) ? c.level.label : valueOf(c.study_level_ref);
    var study = valueOf(c.undergrad_postgrad_both) || (c.study_level && c.study_level[0] ? c.study_level[0].label : '');
    var faculty = valueOf(c.parent_academic_org) || (c.faculty_detail ? c.faculty_detail[0].name : '');
    return '<div data-testid="attributes-table" class="' + css.attributes + '">' +
      attribute('Credit points', c.credit_points) + attribute('Level', level) + attribute('Study level', study) +
      attribute('Faculty', faculty) + attribute('School', valueOf(c.academic_org) || valueOf(c.school)) +
      attribute('Year', c.implementation_year) + attribute('Status', c.status ? c.status.label : '') + '</div>';
  }
  function overview(c) {
    var key = ['handbook_synopsis', 'description', 'overview'].find(function (k) { return k in c; });
    return key ? section('Overview', sectionBody(c[key] || '')) : '';
  }
  function offerings(c) {
    if (!any(c, ['unit_offering', 'offering'])) { return ''; }
    if (c.offering_note) { return section('Offerings', '<p data-testid="offering-note">' + esc(c.offering_note) + '</p>'); }
    var terms = c.offering_detail ? c.offering_detail.offering_terms.split(', ') : [];
    var rows = (c.unit_offering || c.offering).concat(terms.map(function (term) { return { teaching_period: term }; }));
    return section('Offerings', '<table><tbody>' + rows.map(function (row) {
      return '<tr data-testid="offering-row">' + cell('session', valueOf(row.teaching_period)) +
        cell('location', valueOf(row.location)) + cell('mode', valueOf(row.attendance_mode || row.mode)) + '</tr>';
    }).join('') + '</tbody></table>');
  }
  function words(container) {
    var parts = container.relationships.map(function (unit) { return unit.academic_item_code; })
      .concat(container.containers.map(function (inner) { return '(' + words(inner) + ')'; }));
    return parts.join(' ' + container.parent_connector.label + ' ');
  }
  function requisites(c) {
    if (!any(c, ['requisites'])) { return ''; }
    var html = c.requisites.map(function (requisite) {
      var parts = requisite.container;
      var text = parts.length === 1 ? words(parts[0]) : parts.map(function (part) { return '(' + words(part) + ')'; }).join(' AND ');
      return '<div data-testid="requisite"><h4>' + requisite.requisite_type.label + '</h4><p>' + esc(text) + '</p></div>';
    }).concat(c.enrolment_rules.map(function (rule) {
      return '<div data-testid="requisite"><h4>' + rule.type.value + '</h4>' + rule.description + '</div>';
    })).join('');
    if (c.enrolment_note) { html += '<p data-testid="requisite-note">' + esc(c.enrolment_note) + '</p>'; }
    if (c.requisite_detail) { html += c.requisite_detail.replace('<a ', '<a data-testid="requisite-link" '); }
    return section('Requisites', html);
  }
  function workload(c) {
    if (!any(c, ['workload_requirements', 'learning_activity_workload'])) { return ''; }
    var groups = c.learning_activities_grouped || [];
    var activities = groups.map(function (group) {
      return group.activities.map(function (activity) {
        return '<p>' + esc(activity.activity_type.label + ': ' + activity.duration_display) + '</p>';
      }).join('');
    }).join('');
    return section('Workload', sectionBody((c.workload_requirements || '') + esc(c.learning_activity_workload || '') + activities));
  }
  function contacts(c) {
    if (!any(c, ['academic_contact_roles'])) { return ''; }
    return section('Contacts', c.academic_contact_roles.map(function (role) {
      return role.contacts.map(function (contact) {
        return '<div data-testid="contact-row" class="' + css.row + '">' + field('role', role.role) + field('name', contact.contact_name) + '</div>';
      }).join('');
    }).join(''));
  }
  function outcomeRows(c) {
    return c.unit_learning_outcomes.slice().sort(function (a, b) { return a.order - b.order; }).map(function (outcome) {
      return '<div data-testid="outcome-row" class="' + css.row + '">' + field('code', outcome.code) +
        '<div data-field="description">' + outcome.description + '</div></div>';
    }).join('');
  }
  function taskRows(answer) {
    if (answer.note) { return '<p data-testid="assessment-note">' + esc(answer.note) + '</p>'; }
    return answer.assessments.map(function (task) {
      return '<div data-testid="assessment-row" class="' + css.row + '"><h4 data-field="name">' + esc(task.assessment_name) + '</h4>' +
        field('kind', task.assessment_type && task.assessment_type.label) + field('weight', /^\d/.test(task.weight) ? task.weight + '%' : task.weight) +
        field('hurdle', task.hurdle_type && task.hurdle_type.label) + '</div>';
    }).join('');
  }

  function fill(body, html) {
    body.innerHTML = html;
    body.setAttribute('data-state', 'ready');
  }
  function open(toggle) {
    var c = props.pageContent;
    var body = document.createElement('div');
    body.setAttribute('data-testid', 'accordion-body');
    body.setAttribute('data-state', 'loading');
    toggle.parentNode.appendChild(body);
    toggle.setAttribute('aria-expanded', 'true');
    if (toggle.getAttribute('data-opens') !== 'Assessment') { return fill(body, outcomeRows(c)); }
    if (c.assessments.length || c.assessment_note) { return fill(body, taskRows({ assessments: c.assessments, note: c.assessment_note })); }
    fetch('/api/assessment/' + c.implementation_year + '/' + encodeURIComponent(c.code) + '.json')
      .then(function (answer) { return answer.json(); })
      .then(function (answer) { fill(body, taskRows(answer)); })
      .catch(function () { body.setAttribute('data-state', 'failed'); });
  }
  function close(toggle) {
    toggle.setAttribute('aria-expanded', 'false');
    toggle.parentNode.removeChild(toggle.nextSibling);
  }

  var header = '<header class="' + css.header + '"><a href="/">' + esc(props.university) + '</a><nav><a href="/">Handbook</a></nav></header>';
  if (props.pageType !== 'AIPage') {
    root.innerHTML = header + '<main class="' + css.page + '"><div data-testid="error-page"><h2>Page not found</h2>' +
      '<p>We could not find what you were looking for.</p></div></main>';
    return;
  }
  var content = props.pageContent;
  root.innerHTML = header + '<main data-testid="ai-page" class="' + css.page + '"><h2 data-testid="ai-header" class="' + css.title + '">' +
    esc(content.code + ' - ' + content.title) + '</h2>' + attributes(content) +
    '<button type="button" data-testid="expand-all" class="' + css.toggle + '">Expand all</button>' +
    overview(content) + offerings(content) + requisites(content) + workload(content) +
    ('unit_learning_outcomes' in content ? accordion('Learning outcomes') : '') + accordion('Assessment') + contacts(content) + '</main>';
  root.addEventListener('click', function (event) {
    var target = event.target;
    if (target.getAttribute('data-testid') === 'accordion-toggle') {
      return target.getAttribute('aria-expanded') === 'true' ? close(target) : open(target);
    }
    if (target.getAttribute('data-testid') === 'expand-all') {
      root.querySelectorAll('[data-testid="accordion-toggle"][aria-expanded="false"]').forEach(open);
    }
  });
})();
