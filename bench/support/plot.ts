import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { BarChart, LineChart } from 'echarts/charts'
import { GridComponent, LegendComponent, TitleComponent } from 'echarts/components'
import { init, use } from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'

use([BarChart, LineChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer])

export interface Plot {
  readonly title: string
  /** Labels along the bottom. */
  readonly categories: readonly string[]
  /** One value for each category; `undefined` where there is none. */
  readonly series: readonly { readonly name: string; readonly values: readonly (number | undefined)[] }[]
  readonly unit: string
  readonly type?: 'bar' | 'line'
  readonly scale?: 'log' | 'value'
  /** One above the other. */
  readonly stacked?: boolean
}

/** Draws without a browser, as SVG. */
export function writePlot(path: string, plot: Plot): void {
  const { categories, scale = 'value', series, stacked = false, title, type = 'bar', unit } = plot
  const width = Math.max(720, 160 + categories.length * Math.max(80, series.length * 26))
  const chart = init(null, undefined, { renderer: 'svg', ssr: true, width, height: 420 })
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    title: { text: title, left: 'center', textStyle: { fontSize: 15 } },
    legend: { bottom: 0 },
    grid: { left: 70, right: 20, top: 50, bottom: 70 },
    xAxis: { type: 'category', data: [...categories] },
    yAxis: { type: scale, name: unit, ...(scale === 'log' ? {} : { min: 0 }) },
    series: series.map(({ name, values }) => ({
      name,
      type,
      data: values.map((value) => value ?? '-'),
      ...(stacked ? { stack: 'all' } : {}),
    })),
  })
  const svg = chart.renderToSVGString()
  chart.dispose()
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `${svg}\n`)
}
