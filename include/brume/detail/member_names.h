// Which parts a job has by name, whatever their shapes are: what has another shape is refused then, not left out.
//
// What a job keeps for itself, a variable, may have any name. Whether what is private is one cannot be told: of verbs,
// which hardly name variables, private ones are found, too; of other names only what can be seen is a part.
#pragma once

#include <concepts>
#include <type_traits>

namespace brume::detail {

// A name that two bases have is ambiguous. Nothing can be derived from a final type.
#define BRUME_VERB(Concept, name)                                                                    \
  struct Has##Concept {                                                                              \
    int name;                                                                                        \
  };                                                                                                 \
  template <typename Job>                                                                            \
  struct With##Concept : Job, Has##Concept {};                                                       \
  template <typename Job>                                                                            \
  concept Concept = !requires { requires std::is_member_object_pointer_v<decltype(&Job::name)>; } && \
                    ((std::is_final_v<Job> && requires { &Job::name; }) ||                           \
                     (!std::is_final_v<Job> && !requires { &With##Concept<Job>::name; }));
#define BRUME_NOUN(Concept, name) \
  template <typename Job>         \
  concept Concept = requires { requires !std::is_member_object_pointer_v<decltype(&Job::name)>; };

BRUME_VERB(SaysCombine, combine)
BRUME_VERB(SaysConfigure, configure)
BRUME_VERB(SaysFinish, finish)
BRUME_VERB(SaysLoad, load)
BRUME_VERB(SaysPartition, partition)
BRUME_VERB(SaysReduce, reduce)
BRUME_NOUN(SaysFormat, format)
BRUME_NOUN(SaysOrder, order)
BRUME_NOUN(SaysOutputs, outputs)
BRUME_NOUN(SaysSides, sides)
BRUME_NOUN(SaysStage, stage)

#undef BRUME_VERB
#undef BRUME_NOUN

}  // namespace brume::detail
