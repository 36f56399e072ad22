# Prints what zsh completes for each line: zsh -f complete.zsh SCRIPT LINE…
zmodload zsh/zpty
script=$1; shift
zpty z zsh -f -i
zpty -w z "PS1= RPS1= PS2=; stty -echo; autoload -Uz compinit; compinit -u -D; source ${(q)script}"
zpty -w z 'compadd () { if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then builtin compadd "$@"; return $?; fi; local -a hits; builtin compadd -A hits "$@"; print -lr -- $hits >>$found; builtin compadd "$@" }'
for line in "$@"; do
  found=$(mktemp)
  zpty -w z "found=$found; unsetopt automenu; LISTMAX=10000; bindkey '^I' list-choices; bindkey '^X' kill-whole-line; print rea''dy"
  zpty -r z out '*ready*'
  zpty -n -w z "$line"$'\t'
  zpty -n -w z $'\x18'
  zpty -w z "print do''ne"
  zpty -r z out '*done*'
  print -r -- "$line: $(sort -u $found | tr '\n' ' ')"
  rm -f $found
done
zpty -d z
