// Charts by Apache ECharts in the page's colours.
let library;

function load() {
  library ??= new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = '_content/Vizor.ECharts/js/vizor-echarts-bundle-min.js';
    script.onload = () => resolve(window.echarts);
    script.onerror = () => {
      library = undefined;
      reject(new Error('the chart library cannot be loaded'));
    };
    document.head.append(script);
  });
  return library;
}

function color(element, name) {
  return getComputedStyle(element).getPropertyValue(name).trim();
}

// Labels of bars: side by side where they have room, else at an angle.
function labels(element, { data }) {
  const room = element.clientWidth / data.length - 16;
  return room < 72 ? { rotate: 45, width: 112, overflow: 'truncate' } : { interval: 0, width: room, overflow: 'breakAll', lineHeight: 14 };
}

function themed(element, option) {
  const text = color(element, '--colorNeutralForeground1');
  const line = color(element, '--colorNeutralStroke2');
  const short = new Intl.NumberFormat('en', { notation: 'compact' });
  const axis = (given) => ({
    ...given,
    axisLabel: { ...given.axisLabel, color: text, formatter: given.type === 'value' ? (value) => short.format(value) : undefined },
    nameTextStyle: { color: text },
    axisLine: { lineStyle: { color: line } },
    splitLine: { lineStyle: { color: line } },
  });
  const axisLabel = option.xAxis.type === 'category' ? labels(element, option.xAxis) : undefined;
  return {
    color: ['#2899f5', '#e3730b', '#13a10e', '#b146c2', '#d13438', '#00b7c3'],
    textStyle: { color: text },
    animation: false,
    ...option,
    // The first label at an angle reaches to the left of the bars.
    grid: axisLabel?.rotate ? { ...option.grid, left: 56 } : option.grid,
    xAxis: axis({ ...option.xAxis, axisLabel }),
    yAxis: axis(option.yAxis),
  };
}

export async function create(element) {
  const echarts = await load();
  const chart = echarts.init(element, null, { renderer: 'svg' });
  let shown;
  const draw = () => shown && chart.setOption(themed(element, shown), true);
  const resized = new ResizeObserver(() => {
    chart.resize();
    draw();
  });
  resized.observe(element);
  const recoloured = new MutationObserver(draw);
  for (const node of [document.documentElement, document.body]) {
    recoloured.observe(node, { attributes: true, attributeFilter: ['style', 'class', 'data-theme'] });
  }
  return {
    show(option) {
      shown = option;
      draw();
    },
    dispose() {
      resized.disconnect();
      recoloured.disconnect();
      chart.dispose();
    },
  };
}
