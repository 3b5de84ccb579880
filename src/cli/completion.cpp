#include "cli/completion.h"

namespace brume::cli {

namespace {

struct Word {
  std::string text;
  std::string description;
};

struct Flag {
  std::vector<std::string> names;  // with their dashes
  std::string description;
  std::vector<std::string> values;  // where only these are allowed
  bool takes_value = false;
};

// One verb, or the tool itself, by its words: "brume image build".
struct Place {
  std::string path;
  std::vector<Word> verbs;
  std::vector<Flag> flags;
};

// First sentence or line, without what would need quoting.
std::string one_line(std::string text) {
  text = text.substr(0, text.find('\n'));
  std::erase_if(text, [](char c) { return c == '\'' || c == '"' || c == '`' || c == '\\' || c == '$'; });
  return text;
}

// "TEXT:{podman,docker}" -> podman, docker
std::vector<std::string> listed_values(const std::string& type_name) {
  std::vector<std::string> values;
  std::size_t start = type_name.find('{');
  std::size_t end = type_name.find('}');
  if (start == std::string::npos || end == std::string::npos || end < start) return values;
  std::string rest = type_name.substr(start + 1, end - start - 1);
  while (!rest.empty()) {
    std::size_t size = std::min(rest.find(','), rest.size());
    std::string value = rest.substr(0, size);
    values.push_back(value.substr(0, value.find("->")));
    rest.erase(0, size + 1);
  }
  return values;
}

Flag flag_of(const CLI::Option& option) {
  Flag flag;
  for (const std::string& name : option.get_snames()) flag.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) flag.names.push_back("--" + name);
  flag.description = one_line(option.get_description());
  flag.takes_value = option.get_items_expected_max() > 0;
  flag.values = listed_values(option.get_type_name());
  return flag;
}

void collect(const CLI::App& app, const std::string& path, std::vector<Place>& places) {
  Place place{path, {}, {}};
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group().empty() || option->get_positional()) continue;
    place.flags.push_back(flag_of(*option));
  }
  std::vector<const CLI::App*> verbs;
  for (const CLI::App* verb : app.get_subcommands(nullptr)) {
    if (verb->get_group().empty() || verb->get_name().empty()) continue;
    place.verbs.push_back({verb->get_name(), one_line(verb->get_description())});
    verbs.push_back(verb);
  }
  places.push_back(std::move(place));
  for (const CLI::App* verb : verbs) collect(*verb, path + " " + verb->get_name(), places);
}

std::vector<Place> places_of(const CLI::App& root) {
  std::vector<Place> places;
  collect(root, "brume", places);
  return places;
}

// Shell pattern of all verbs' paths but the tool's own.
std::string path_pattern(const std::vector<Place>& places, const std::string& separator) {
  std::string pattern;
  for (std::size_t i = 1; i < places.size(); ++i) pattern += (i > 1 ? separator : "") + "'" + places[i].path + "'";
  return pattern.empty() ? "''" : pattern;
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

// Cases "PATH FLAG) values" for flags of which the values are known, in sh syntax.
std::string value_cases(const std::vector<Place>& places, const std::string& assign) {
  std::string out;
  for (const Place& place : places) {
    for (const Flag& flag : place.flags) {
      if (flag.values.empty()) continue;
      std::string pattern;
      for (const std::string& name : flag.names) {
        pattern += (pattern.empty() ? "'" : "|'") + place.path + " " + name + "'";
      }
      out += "    " + pattern + ") " + assign + "(" + joined(flag.values) + ") ;;\n";
    }
  }
  return out;
}

}  // namespace

std::string bash_completion(const CLI::App& root) {
  std::vector<Place> places = places_of(root);
  std::string out =
      "# bash completion for brume: source <(brume completion bash)\n"
      "_brume() {\n"
      "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} path=brume word\n"
      "  local -a words=()\n"
      "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
      "    case \"$path $word\" in\n"
      "      " +
      path_pattern(places, "|") +
      ") path=\"$path $word\" ;;\n"
      "    esac\n"
      "  done\n"
      "  case \"$path $previous\" in\n" +
      value_cases(places, "words=") +
      "  esac\n"
      "  if [ ${#words[@]} -eq 0 ]; then\n"
      "    case \"$path\" in\n";
  for (const Place& place : places) {
    std::string words;
    for (const Word& verb : place.verbs) words += " " + verb.text;
    for (const Flag& flag : place.flags) words += " " + joined(flag.names);
    out += "      '" + place.path + "') words=(" + words + " ) ;;\n";
  }
  return out +
         "    esac\n"
         "  fi\n"
         "  COMPREPLY=($(compgen -W \"${words[*]}\" -- \"$current\"))\n"
         "}\n"
         "complete -o default -o bashdefault -F _brume brume\n";
}

std::string zsh_completion(const CLI::App& root) {
  std::vector<Place> places = places_of(root);
  std::string out =
      "#compdef brume\n"
      "# zsh completion for brume: source <(brume completion zsh)\n"
      "_brume() {\n"
      "  local at=brume word\n"
      "  local -a verbs flags values\n"
      "  for word in \"${(@)words[2,CURRENT-1]}\"; do\n"
      "    case \"$at $word\" in\n"
      "      " +
      path_pattern(places, "|") +
      ") at=\"$at $word\" ;;\n"
      "    esac\n"
      "  done\n"
      "  case \"$at ${words[CURRENT-1]}\" in\n" +
      value_cases(places, "values=") +
      "  esac\n"
      "  if (( $#values )); then compadd -a values; return; fi\n"
      "  case \"$at\" in\n";
  for (const Place& place : places) {
    out += "    '" + place.path + "')\n      verbs=(";
    for (const Word& verb : place.verbs) out += " '" + verb.text + ":" + verb.description + "'";
    out += " )\n      flags=(";
    for (const Flag& flag : place.flags) {
      for (const std::string& name : flag.names) out += " '" + name + ":" + flag.description + "'";
    }
    out += " ) ;;\n";
  }
  return out +
         "  esac\n"
         "  (( $#verbs )) && _describe verb verbs\n"
         "  if [[ ${words[CURRENT]} == -* ]]; then _describe option flags; elif (( ! $#verbs )); then _files; fi\n"
         "}\n"
         "(( $+functions[compdef] )) && compdef _brume brume\n";
}

std::string fish_completion(const CLI::App& root) {
  std::vector<Place> places = places_of(root);
  std::string out =
      "# fish completion for brume: brume completion fish | source\n"
      "function __brume_at\n"
      "  set -l at brume\n"
      "  for word in (commandline -opc)[2..-1]\n"
      "    switch \"$at $word\"\n"
      "      case " +
      path_pattern(places, " ") +
      "\n"
      "        set at \"$at $word\"\n"
      "    end\n"
      "  end\n"
      "  test \"$at\" = \"$argv\"\n"
      "end\n";
  for (const Place& place : places) {
    std::string start = "complete -c brume -n '__brume_at " + place.path + "'";
    for (const Word& verb : place.verbs) out += start + " -f -a " + verb.text + " -d '" + verb.description + "'\n";
    for (const Flag& flag : place.flags) {
      out += start;
      for (const std::string& name : flag.names) {
        out += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
      }
      if (!flag.values.empty()) out += " -x -a '" + joined(flag.values) + "'";
      if (flag.values.empty() && flag.takes_value) out += " -r";
      out += " -d '" + flag.description + "'\n";
    }
  }
  return out;
}

}  // namespace brume::cli
