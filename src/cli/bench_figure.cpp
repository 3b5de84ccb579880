// The figure: a panel a metric, in it a pair of bars a role, each with its spread.
#include <cmath>
#include <cstdarg>
#include <cstdio>

#include "cli/bench_report.h"

namespace brume::cli {

namespace {

constexpr double kPanelWidth = 300, kPanelHeight = 260, kPanelGap = 40;
constexpr double kLeft = 70, kTop = 96, kBottom = 92;
constexpr double kBarWidth = 46;
constexpr const char* kColours[] = {"#9aa5b1", "#1f6f8b"};
constexpr const char* kTees[] = {"none", "sgx-sim"};

[[gnu::format(printf, 1, 2)]] std::string print(const char* format, ...) {
  char buffer[512];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(buffer, sizeof buffer, format, arguments);
  va_end(arguments);
  return buffer;
}

// File names are the caller's: nothing in them may become markup.
std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (static_cast<unsigned char>(c) < 0x20)
      out += '?';
    else
      out += c;
  }
  return out;
}

std::string text(double x, double y, const char* style, const std::string& words) {
  return print("<text x=\"%.1f\" y=\"%.1f\" %s>", x, y, style) + escaped(words) + "</text>\n";
}

// 1, 2 or 5 times a power of ten, so that the axis has four to ten ticks.
double tick_step(double most) {
  const double power = std::pow(10, std::floor(std::log10(most / 5)));
  const double ratio = most / 5 / power;
  return power * (ratio > 5 ? 10 : ratio > 2 ? 5 : ratio > 1 ? 2 : 1);
}

std::string number(double value) {
  if (value >= 10'000) return print("%.1fk", value / 1000);
  return value >= 100 ? print("%.0f", value) : value >= 10 ? print("%.1f", value) : print("%.2f", value);
}

class Panel {
 public:
  Panel(double left, double most) : left_(left), most_(most > 0 ? 1.15 * most : 1) {}

  std::string axis(const std::string& label) const {
    std::string out;
    const double step = tick_step(most_);
    for (double at = 0; at <= most_; at += step) {
      const char* colour = at == 0 ? "#333" : "#ddd";
      out += print("<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/>\n", left_, y(at),
                   left_ + kPanelWidth, y(at), colour);
      const std::string tick = step < 1          ? print("%.*f", step < 0.1 ? 2 : 1, at)
                               : most_ >= 10'000 ? print("%gk", at / 1000)
                                                 : print("%g", at);
      out += text(left_ - 6, y(at) + 4, "text-anchor=\"end\" class=\"small\"", tick);
    }
    return out + text(left_ + kPanelWidth / 2, kTop - 14, "text-anchor=\"middle\" font-weight=\"bold\"", label);
  }

  std::string bar(double centre, const Spread& spread, int tee) const {
    std::string out =
        print("<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>\n", centre - kBarWidth / 2,
              y(spread.median), kBarWidth, y(0) - y(spread.median), kColours[tee]);
    for (const double end : {spread.least, spread.most})
      out += print("<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"#111\"/>\n", centre - 7, y(end),
                   centre + 7, y(end));
    out += print("<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"#111\"/>\n", centre, y(spread.least),
                 centre, y(spread.most));
    return out + text(centre, y(spread.most) - 6, "text-anchor=\"middle\" class=\"small\"", number(spread.median));
  }

  std::string group(int index, const Comparison& row) const {
    const double centre = left_ + kPanelWidth * (index == 0 ? 0.27 : 0.73);
    std::string out = bar(centre - kBarWidth / 2 - 3, row.none, 0) + bar(centre + kBarWidth / 2 + 3, row.sgx_sim, 1);
    out += text(centre, kTop + kPanelHeight + 20, "text-anchor=\"middle\"", row.role);
    return out + text(centre, kTop + kPanelHeight + 37, "text-anchor=\"middle\" class=\"small\"",
                      print("%+.1f %%", row.overhead.median));
  }

 private:
  double y(double value) const { return kTop + kPanelHeight * (1 - value / most_); }
  double left_;
  double most_;
};

}  // namespace

std::string render_figure(const PaperResults& results) {
  const std::vector<Comparison> rows = compare(results);
  const struct {
    const char* metric;
    std::string label;
  } panels[] = {{"execution time", "execution time, s"},
                {"CPU cycles", "CPU cycles, billions"},
                {"context switches", "context switches"}};
  const double width = kLeft + 3 * kPanelWidth + 2 * (kPanelGap + 30) + 30;
  const double height = kTop + kPanelHeight + kBottom;
  std::string out = print(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" height=\"%.0f\" "
      "font-family=\"DejaVu Sans, Helvetica, Arial, sans-serif\" font-size=\"13\" fill=\"#111\">\n",
      width, height, width, height);
  out += "<style>.small{font-size:11px}</style>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n";
  out += text(kLeft, 28, "font-size=\"16\" font-weight=\"bold\"",
              print("Mapper and reducer nodes without a tee and in sgx-sim (a simulator, not SGX): word count, %.0f MB",
                    static_cast<double>(results.input_size) * 1e-6));
  double legend = kLeft;
  for (int tee = 0; tee < 2; ++tee, legend += 92) {
    out += print("<rect x=\"%.1f\" y=\"42\" width=\"13\" height=\"13\" fill=\"%s\"/>\n", legend, kColours[tee]);
    out += text(legend + 19, 53, "", kTees[tee]);
  }
  out += text(
      legend + 10, 53, "class=\"small\"",
      print("bars: median of %zu interleaved runs; whiskers: least and most; below: overhead", results.none.size()));
  int panel_index = 0;
  for (const auto& panel : panels) {
    double most = 0;
    std::vector<const Comparison*> shown;
    for (const Comparison& row : rows) {
      if (row.metric != panel.metric || (row.role != "mapper nodes" && row.role != "reducer nodes")) continue;
      shown.push_back(&row);
      most = std::max({most, row.none.most, row.sgx_sim.most});
    }
    const Panel drawn(kLeft + panel_index++ * (kPanelWidth + kPanelGap + 30), most);
    out += drawn.axis(panel.label);
    for (std::size_t i = 0; i < shown.size(); ++i) out += drawn.group(static_cast<int>(i), *shown[i]);
  }
  double total = 0;
  for (const Comparison& row : rows)
    if (row.role == "all nodes" && row.metric == "execution time") total = row.overhead.median;
  out += text(kLeft, height - 26, "class=\"small\"",
              print("All nodes: %+.1f %% execution time; the paper (its Fig. 4, OpenSGX): +%.1f %%.", total,
                    kPaperOverheadPercent));
  out += text(kLeft, height - 10, "class=\"small\"",
              print("%u mappers, %u reducers, engine %s. Cycles: %s. %s, %u processors.", results.cluster.mappers,
                    results.cluster.reducers, results.cluster.engine.c_str(), cycles_source(results).c_str(),
                    results.processor.substr(0, 120).c_str(), results.processor_count));
  return out + "</svg>\n";
}

}  // namespace brume::cli
