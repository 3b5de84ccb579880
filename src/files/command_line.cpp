#include "files/command_line.h"

#include <memory>
#include <sstream>
#include <string>
#include <vector>

namespace brume::files {
namespace {

constexpr std::size_t kWidth = 100;  // of a line of help

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
}

// "UINT:INT in [1 - 9]=3" is "N [1 - 9]=3", "TEXT:{a,b}" is "{a,b}": a type's name says nothing beside its values.
std::string shown_type(std::string text) {
  replace_all(text, "UINT:INT in [", "N [");
  replace_all(text, "UINT:UINT in [", "N [");
  replace_all(text, "INT:INT in [", "N [");
  replace_all(text, "TEXT:{", "{");
  return text;
}

class Formatter final : public CLI::Formatter {
 public:
  Formatter() {
    label("SUBCOMMAND", "VERB");
    label("UINT", "N");
    label("INT", "N");
  }

  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override {
    std::string help = CLI::Formatter::make_help(app, std::move(name), mode);
    replace_all(help, "\nSubcommands:\n", "\nVerbs:\n");
    replace_all(help, "\n\n\n", "\n\n");
    if (help.ends_with("\n\n")) help.pop_back();
    return help;
  }
  std::string make_option(const CLI::Option* option, bool is_positional) const override {
    return entry(make_option_name(option, is_positional) + shown_type(make_option_opts(option)),
                 make_option_desc(option));
  }
  std::string make_subcommand(const CLI::App* verb) const override {
    return entry(verb->get_display_name(true), verb->get_description());
  }

 private:
  // A name and, in the right column, words that begin a new line where this one is full.
  std::string entry(const std::string& name, const std::string& description) const {
    const std::string indent(get_column_width(), ' ');
    const std::string next_line = '\n' + indent;
    std::string out = "  " + name;
    if (description.empty()) return out + '\n';
    out += out.size() < indent.size() ? indent.substr(out.size()) : next_line;
    std::size_t column = indent.size();
    std::istringstream words(description);
    std::string word;
    words >> word;
    out += word;
    column += word.size();
    while (words >> word) {
      const bool fits = column + 1 + word.size() <= kWidth;
      out += fits ? " " : next_line;
      out += word;
      column = (fits ? column + 1 : indent.size()) + word.size();
    }
    return out + '\n';
  }
};

std::string unexpected(const std::vector<std::string>& words) {
  const std::string& word = words.front();
  return word.starts_with('-') ? "there is no option " + word : "'" + word + "' was not expected";
}

std::string verbs_of(const CLI::App& app) {
  std::string out;
  for (const CLI::App* verb : app.get_subcommands(nullptr)) {
    if (!verb->get_group().empty()) out += (out.empty() ? "" : ", ") + verb->get_name();
  }
  return out;
}

// `verb` is the last one that was understood.
std::string what_is_wrong(const CLI::App& verb, const CLI::Error& error) {
  const std::vector<std::string> rest = verb.remaining();
  const bool needs_verb = verb.get_require_subcommand_min() > 0 && verb.get_subcommands().empty();
  if (needs_verb && rest.empty()) return "a verb is needed: " + verbs_of(verb);
  if (needs_verb && !rest.front().starts_with('-'))
    return "there is no verb '" + rest.front() + "'; there are " + verbs_of(verb);
  if (needs_verb || error.get_exit_code() == static_cast<int>(CLI::ExitCodes::ExtrasError)) return unexpected(rest);
  return error.what() + (rest.empty() ? std::string() : ", and " + unexpected(rest));
}

std::string message(const CLI::App* app, const CLI::Error& error) {
  const CLI::App* verb = app;
  std::string path;
  while (!verb->get_subcommands().empty()) {
    verb = verb->get_subcommands().front();
    path += (path.empty() ? "" : " ") + verb->get_name();
  }
  const std::string& tool = app->get_name();
  return tool + ": error: " + (path.empty() ? "" : path + ": ") + what_is_wrong(*verb, error) + "; '" + tool + " " +
         (path.empty() ? "" : path + " ") + "--help' says more\n";
}

}  // namespace

void set_manners(CLI::App& app) {
  app.formatter(std::make_shared<Formatter>());
  app.failure_message(message);
}

}  // namespace brume::files
