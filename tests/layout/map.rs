//! The map in `shared/src/lib.rs` against the imports of every file: rooms import downwards only, and files in no circle.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};
use syn::{Attribute, Ident, Item, ItemMod, UseTree};

use super::root;

/// A module path without the crate: `["tokens", "mint"]`.
type ModulePath = Vec<String>;

/// A module with a file of its own.
#[derive(Default)]
struct Module {
    /// Paths as they stand in the code, from the root of the crate.
    paths: Vec<ModulePath>,
    /// What it hands on under its own name: name, and the paths that it stands for, of which the features choose one.
    reexports: BTreeMap<String, BTreeSet<ModulePath>>,
}

/// All modules of the crate that are compiled outside of tests.
struct Crate(BTreeMap<ModulePath, Module>);

impl Crate {
    fn read() -> Self {
        let mut all = Self(BTreeMap::new());
        all.read_module(&[], &root().join("shared/src/lib.rs"));
        all
    }

    fn read_module(&mut self, path: &[String], file: &Path) {
        let text = std::fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let syntax = syn::parse_file(&text).expect("Rust");
        let modules = syntax.items.iter().filter_map(|item| if let Item::Mod(module) = item { Some(module) } else { None });
        let children =
            modules.filter(|module| module.content.is_none() && !is_test(&module.attrs)).map(|it| it.ident.to_string());
        let children: BTreeSet<String> = children.collect();
        let mut reader = Reader { at: path.to_vec(), children: &children, module: Module::default() };
        reader.visit_file(&syntax);
        self.0.insert(path.to_vec(), reader.module);
        for child in children {
            let folder = if file.ends_with("lib.rs") || file.ends_with("mod.rs") {
                file.parent().expect("a folder").to_owned()
            } else {
                file.with_extension("")
            };
            let candidates: [PathBuf; 2] = [folder.join(format!("{child}.rs")), folder.join(&child).join("mod.rs")];
            let file = candidates.iter().find(|file| file.is_file()).unwrap_or_else(|| panic!("{child} has no file"));
            self.read_module(&[path, &[child]].concat(), file);
        }
    }

    /// The modules with a file in which that is defined to which a path leads: several, where the features choose one.
    fn definitions(&self, path: &[String]) -> BTreeSet<ModulePath> {
        let module = (0..=path.len()).rev().find(|n| self.0.contains_key(&path[..*n])).expect("the root is there");
        let targets = path.get(module).and_then(|name| self.0[&path[..module]].reexports.get(name));
        let Some(targets) = targets else { return [path[..module].to_vec()].into() };
        // A chain of re-exports ends, or it would not compile.
        targets.iter().flat_map(|target| self.definitions(&[target, &path[module + 1..]].concat())).collect()
    }

    /// Which file uses which: from, to.
    fn arrows(&self) -> BTreeSet<(ModulePath, ModulePath)> {
        let used = |(from, module): (&ModulePath, &Module)| {
            let to = module.paths.iter().flat_map(|path| self.definitions(path)).collect::<Vec<_>>();
            to.into_iter().map(|to| (from.clone(), to)).collect::<Vec<_>>()
        };
        self.0.iter().flat_map(used).filter(|(from, to)| from != to).collect()
    }
}

/// Collects the paths of one file.
struct Reader<'a> {
    at: ModulePath,
    children: &'a BTreeSet<String>,
    module: Module,
}

impl Reader<'_> {
    /// From the root of the crate. `None`: it leads out of the crate, or is a name of this file.
    fn absolute(&self, segments: &[String]) -> Option<ModulePath> {
        let first = segments.first()?;
        match &**first {
            "crate" => Some(segments[1..].to_vec()),
            "self" => Some(self.at.iter().chain(&segments[1..]).cloned().collect()),
            "super" => {
                let ups = segments.iter().take_while(|segment| *segment == "super").count();
                let stay = self.at.len().checked_sub(ups)?;
                Some(self.at[..stay].iter().chain(&segments[ups..]).cloned().collect())
            }
            child if self.children.contains(child) => Some(self.at.iter().chain(segments).cloned().collect()),
            _ => None,
        }
    }

    fn note(&mut self, segments: &[String]) {
        self.module.paths.extend(self.absolute(segments));
    }

    fn read_use(&mut self, prefix: &[String], tree: &UseTree, is_public: bool) {
        let with = |ident: &Ident| prefix.iter().cloned().chain([ident.to_string()]).collect::<Vec<_>>();
        let (path, name) = match tree {
            UseTree::Path(path) => return self.read_use(&with(&path.ident), &path.tree, is_public),
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.read_use(prefix, tree, is_public);
                }
                return;
            }
            UseTree::Name(name) if name.ident == "self" => (prefix.to_vec(), prefix.last().cloned().unwrap_or_default()),
            UseTree::Name(name) => (with(&name.ident), name.ident.to_string()),
            UseTree::Rename(rename) => (with(&rename.ident), rename.rename.to_string()),
            UseTree::Glob(_) => (prefix.to_vec(), "*".to_owned()),
        };
        if is_public && let Some(target) = self.absolute(&path) {
            self.module.reexports.entry(name).or_default().insert(target);
        }
        self.note(&path);
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        #[expect(clippy::wildcard_enum_match_arm, reason = "Rust has more items than matter here")]
        let attributes = match item {
            Item::Mod(item) => &item.attrs,
            Item::Fn(item) => &item.attrs,
            Item::Impl(item) => &item.attrs,
            Item::Struct(item) => &item.attrs,
            Item::Use(item) => &item.attrs,
            _ => return visit::visit_item(self, item),
        };
        if !is_test(attributes) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        let Some((_, items)) = &module.content else { return };
        self.at.push(module.ident.to_string());
        for item in items {
            self.visit_item(item);
        }
        self.at.pop();
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.read_use(&[], &item.tree, !matches!(item.vis, syn::Visibility::Inherited));
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if segments.len() > 1 {
            self.note(&segments);
        }
        visit::visit_path(self, path);
    }
}

/// Whether it is compiled for tests only: with `cfg(test)`, or with `cfg(any(test, feature = "testing"))`.
pub(super) fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let syn::Meta::List(list) = &attribute.meta else { return false };
        list.path.is_ident("cfg") && list.tokens.to_string().split(|c: char| !c.is_alphanumeric()).any(|word| word == "test")
    })
}

/// The rooms, lowest first, as the table in `lib.rs` has them.
fn rooms() -> Vec<String> {
    let text = std::fs::read_to_string(root().join("shared/src/lib.rs")).unwrap();
    let room = |line: &str| line.strip_prefix("//! | [`")?.split_once("`]").map(|(room, _)| room.to_owned());
    text.lines().filter_map(room).collect()
}

#[test]
fn the_table_names_every_room_and_nothing_else() {
    let text = std::fs::read_to_string(root().join("shared/src/lib.rs")).unwrap();
    let modules = text.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    assert_eq!(modules.map(str::to_owned).collect::<BTreeSet<_>>(), rooms().into_iter().collect());
    assert!(rooms().len() <= 13, "{} rooms", rooms().len());
}

/// Tests may build what they test from anything; they are left out.
#[test]
fn a_room_imports_only_from_rooms_above_it_in_the_table() {
    let rooms = rooms();
    let rank = |path: &ModulePath| path.first().and_then(|room| rooms.iter().position(|r| r == room));
    let climbs =
        Crate::read().arrows().into_iter().filter(|(from, to)| matches!((rank(from), rank(to)), (Some(f), Some(t)) if f < t));
    let climbs: BTreeSet<String> = climbs.map(|(from, to)| format!("{} -> {}", from.join("::"), to.join("::"))).collect();
    assert_eq!(climbs, BTreeSet::new());
}

/// A module and what lies below it count as one.
#[test]
fn no_files_import_each_other_in_a_circle() {
    let arrows = Crate::read().arrows();
    let mut reach: BTreeMap<&ModulePath, BTreeSet<&ModulePath>> = BTreeMap::new();
    for (from, to) in &arrows {
        if !from.starts_with(to) && !to.starts_with(from) {
            reach.entry(from).or_default().insert(to);
        }
    }
    let reachable = |start: &ModulePath| {
        let mut seen: BTreeSet<&ModulePath> = BTreeSet::new();
        let mut waiting: Vec<&ModulePath> = reach.get(start).into_iter().flatten().copied().collect();
        while let Some(next) = waiting.pop() {
            if seen.insert(next) {
                waiting.extend(reach.get(next).into_iter().flatten());
            }
        }
        seen
    };
    let from: BTreeMap<_, _> = reach.keys().map(|start| (*start, reachable(start))).collect();
    let in_circle = from.keys().filter(|start| from[*start].contains(*start));
    let circles: BTreeSet<Vec<String>> = in_circle
        .map(|start| {
            let members = from[start].iter().filter(|other| from.get(**other).is_some_and(|back| back.contains(start)));
            members.map(|member| member.join("::")).collect()
        })
        .collect();
    let circles: BTreeSet<String> = circles.iter().map(|members| members.join(", ")).collect();
    assert_eq!(circles, CIRCLES.iter().map(|circle| (*circle).to_owned()).collect());
}

/// The circles that are left. Nothing may be added.
const CIRCLES: &[&str] = &[];
